"""Refuses the coroutine patterns that GCC 12.2 miscompiles (double free, use after free), and reference parameters.

Refused:
- a braced temporary inside a statement with co_await: f(Options{1, 2}, co_await g());
- braces that contain a co_await: Request request{co_await Read()};
- a lambda with captures by value or with initialisers in such a statement (`this` and references are safe);
- std::function and async_initiate inside a coroutine;
- a coroutine's parameter by reference: the caller's object may be gone when the coroutine resumes.
Safe instead: name the object first and move it in; put async_initiate in an ordinary function.
"""

import cpp
import tree

_AWAITABLE = {"awaitable", "Awaitable", "Task"}
_CO_WORDS = {"co_await", "co_return", "co_yield"}
_CONTROL = {"if", "while", "for", "switch", "constexpr"}


def _statement_start(code, i):
    """The first token of the statement around token `i`, and the braced initialiser that encloses `i`, if any."""
    at = i - 1
    while at >= 0:
        token = code[at]
        if token == ";":
            break
        if token == "}" and at in code.partner:
            opened = code.partner[at]
            if code.is_block(opened) and not code.is_lambda_body(opened):
                break
            at = opened
        elif token in ")]" and at in code.partner:
            at = code.partner[at]
        elif token == "{":
            return at + 1, None if code.is_block(at) else at
        elif token == "(" and code[at - 1] in _CONTROL:
            break
        at -= 1
    return at + 1, None


def _statement_end(code, start, i):
    at = i
    while at < len(code):
        token = code[at]
        if token in "([{" and at in code.partner:
            if token == "{" and code.is_block(at) and not code.is_lambda_body(at):
                break
            at = code.partner[at]
        elif token in ";}" or (token == ")" and code.partner.get(at, at) < start):
            break
        at += 1
    return at


def _captures_are_safe(code, opened):
    """Whether every capture of the lambda at `[` is `this` or a plain reference."""
    items, current = [], []
    for token in code.tokens[opened + 1 : code.partner[opened]]:
        if token == ",":
            items.append(current)
            current = []
        else:
            current.append(token)
    items.append(current)
    return all(
        item in ([], ["this"], ["&"]) or (len(item) == 2 and item[0] == "&" and item[1] != "=") for item in items
    )


def _lambda_end(code, opened):
    """The last token of the lambda that begins at `[`."""
    at = code.partner[opened] + 1
    while at < len(code) and code[at] not in ("{", ";"):
        at = code.partner[at] if code[at] == "(" and at in code.partner else at
        at += 1
    return code.partner.get(at, at)


def _check_statement(code, start, end):
    at = start
    while at < end:
        if code.is_lambda_introducer(at) and at in code.partner:
            if not _captures_are_safe(code, at):
                yield at, "a lambda with captures by value in a statement with co_await; name it first"
            at = _lambda_end(code, at)
        elif code[at] == "{" and not code.is_block(at):
            yield at, "a braced temporary in a statement with co_await; name it first"
            at = code.partner.get(at, at)
        at += 1


def _coroutine_body(code, i):
    """The (open, close) braces of the innermost function or lambda around token `i`."""
    at = i
    while at >= 0:
        if code[at] in ")]}" and at in code.partner:
            at = code.partner[at]
        elif code[at] == "{" and code.body_head(at) is not None:
            return at, code.partner.get(at, len(code))
        at -= 1
    return None


def _check_bodies(code):
    bodies = {_coroutine_body(code, i) for i, token in enumerate(code.tokens) if token in _CO_WORDS} - {None}
    for opened, closed in sorted(bodies):
        for at in range(opened, closed):
            if code[at] == "async_initiate":
                yield at, "async_initiate inside a coroutine; put it in an ordinary function"
            if code[at] == "function" and code.tokens[at - 2 : at] == ["std", "::"]:
                yield at, "std::function inside a coroutine; use a class with constructors, or pass it in by value"


def _parameters_of(code, i):
    """The `(` of the function that returns the awaitable type named at token `i`."""
    if code[i + 1] != "<":
        return None
    after = code.skip_angles(i + 1) + 1
    start = i
    while code[start - 1] == "::" or (code.is_name(start - 1) and code[start] == "::"):
        start -= 1
    if code[start - 1] == "->":
        at = start - 2
        while code[at] in ("mutable", "noexcept"):
            at -= 1
        return code.partner.get(at) if code[at] == ")" else None
    while code.is_name(after) or code[after] == "::":
        after += 1
    return after if code[after] == "(" and code.is_name(after - 1) and code[after - 1] != "operator" else None


def _check_parameters(code):
    for i, token in enumerate(code.tokens):
        opened = _parameters_of(code, i) if token in _AWAITABLE else None
        if opened is None or opened not in code.partner:
            continue
        at, end = opened + 1, code.partner[opened]
        while at < end:
            if code[at] == "<":
                at = code.skip_angles(at)
            elif code[at] in "([{" and at in code.partner:
                at = code.partner[at]
            elif code[at] == "&":
                yield at, "a coroutine's parameter by reference; take it by value"
                break
            at += 1


def _check_awaits(code):
    seen = set()
    for i, token in enumerate(code.tokens):
        if token != "co_await":
            continue
        start, braces = _statement_start(code, i)
        if braces is not None:
            yield braces, "braces that contain a co_await; await into a named value first"
        elif start not in seen:
            seen.add(start)
            yield from _check_statement(code, start, _statement_end(code, start, i))


def check_text(text):
    """The (line, message) of every unsafe pattern in a C++ text."""
    code = cpp.Code(text)
    found = set()
    for part in (_check_awaits, _check_bodies, _check_parameters):
        found.update((code.lines[at], message) for at, message in part(code))
    return sorted(found)


def check(root):
    complaints = []
    for path in tree.sources(root, "include", "src", "consensus", "tests"):
        text = path.read_text()
        if "co_" in text or "waitable" in text:
            complaints += [tree.complaint(root, path, line, message) for line, message in check_text(text)]
    return complaints


if __name__ == "__main__":
    tree.run(check)
