"""A small reader of C++: enough structure for the lints, without a compiler.

It knows comments, literals, preprocessor lines, brackets, and which braces open a body. It does not
know types: what a name means is guessed from what stands around it, and the self-tests say how far
that goes.
"""

import re

_COMMENT_OR_LITERAL = re.compile(
    r"""//(?:[^\n]*\\\n)*[^\n]*             # line comment
      | /\*.*?\*/                            # block comment
      | R"([^()\\\s]{0,16})\(.*?\)\1"        # raw string
      | "(?:\\.|[^"\\\n])*"                  # string
      | (?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+' # character, not a digit separator
    """,
    re.DOTALL | re.VERBOSE,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_TOKEN = re.compile(r'[A-Za-z_]\w*|\d[\w.\']*|"[^"]*"|\'[^\']*\'|::|->|\S')

_CONTROL = {"if", "while", "for", "switch", "catch"}
_SPECIFIERS = {"const", "noexcept", "override", "final", "mutable"}


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def strip(text):
    """`text` with comments, directives and the insides of literals as spaces; every offset and line stays."""

    def replace(match):
        found = match.group(0)
        if found.startswith("/"):
            return _blank(found)
        quote = found[-1]
        return quote + _blank(found[1:-1]) + quote

    return _DIRECTIVE.sub(lambda match: _blank(match.group(0)), _COMMENT_OR_LITERAL.sub(replace, text))


class Code:
    """The tokens of a file, with the partner of every bracket."""

    def __init__(self, text):
        self.tokens = []
        self.lines = []
        line, at = 1, 0
        stripped = strip(text)
        for match in _TOKEN.finditer(stripped):
            line += stripped.count("\n", at, match.start())
            at = match.start()
            self.tokens.append(match.group(0))
            self.lines.append(line)
        self.partner = self._match_brackets()

    def _match_brackets(self):
        partner, open_brackets = {}, []
        closes = {")": "(", "]": "[", "}": "{"}
        for i, token in enumerate(self.tokens):
            if token in "([{":
                open_brackets.append(i)
            elif token in closes and open_brackets and self.tokens[open_brackets[-1]] == closes[token]:
                partner[i] = open_brackets.pop()
                partner[partner[i]] = i
        return partner

    def __getitem__(self, i):
        return self.tokens[i] if 0 <= i < len(self.tokens) else ""

    def __len__(self):
        return len(self.tokens)

    def is_name(self, i):
        return self[i][:1].isalpha() or self[i][:1] == "_"

    def skip_angles_back(self, i):
        """`i` stands on `>`: the index of its `<`, or `i` if there is none in this statement."""
        depth, at = 0, i
        while at >= 0 and self[at] not in (";", "{", "}"):
            depth += {">": 1, "<": -1}.get(self[at], 0)
            if depth == 0:
                return at
            at -= 1
        return i

    def skip_angles(self, i):
        """`i` stands on `<`: the index of its `>`, or `i` if there is none in this statement."""
        depth, at = 0, i
        while at < len(self) and self[at] not in (";", "{", "}"):
            depth += {"<": 1, ">": -1}.get(self[at], 0)
            if depth == 0:
                return at
            at += 1
        return i

    def is_lambda_introducer(self, i):
        """Whether `[` at `i` begins a lambda: not a subscript, an attribute or a structured binding."""
        if self[i] != "[" or self[i + 1] == "[" or self[i - 1] == "[":
            return False
        before = i - 1
        while self[before] in ("&", "*"):
            before -= 1
        if self[before] == "auto":
            return False
        if self.is_name(i - 1):
            return self[i - 1] in ("return", "co_return", "co_await", "co_yield")
        return self[i - 1] not in (")", "]") and not self[i - 1][:1].isdigit()

    def body_head(self, i):
        """`{` at `i` opens a body of a function or lambda: the index of its `)` (or of the `]` of a lambda
        without parameters). None for every other brace."""
        at = i - 1
        arrow = self._trailing_return(at)
        if arrow is not None:
            at = arrow - 1
        while self[at] in _SPECIFIERS or (self[at] == ")" and self[self.partner.get(at, 0) - 1] == "noexcept"):
            at = at - 1 if self[at] in _SPECIFIERS else self.partner[at] - 2
        if self[at] == "]" and at in self.partner and self.is_lambda_introducer(self.partner[at]):
            return at
        if self[at] != ")" or at not in self.partner:
            return None
        before = self.partner[at] - 1
        if self[before] in _CONTROL or (self[before] == "constexpr" and self[before - 1] == "if"):
            return None
        return at

    def _trailing_return(self, at):
        """The index of `->` if the tokens up to `at` are a trailing return type."""
        while at >= 0:
            if self[at] == ">":
                opened = self.skip_angles_back(at)
                if opened == at:
                    return None
                at = opened - 1
            elif self[at] in ("::", "*", "&") or (self.is_name(at) and self[at] not in _SPECIFIERS):
                at -= 1
            else:
                return at if self[at] == "->" and self[at - 1] in {")", "]"} | _SPECIFIERS else None
        return None

    def is_lambda_body(self, i):
        """Whether `{` at `i` opens the body of a lambda."""
        head = self.body_head(i)
        if head is None:
            return False
        if self[head] == "]":
            return True
        before = self.partner[head] - 1
        return self[before] == "]" and before in self.partner and self.is_lambda_introducer(self.partner[before])

    def is_block(self, i):
        """Whether `{` at `i` opens statements or declarations, as against a braced initialiser."""
        before = self[i - 1]
        if i == 0 or before in {"{", "}", ";", ":", ")", "else", "do", "try"} | _SPECIFIERS:
            return True
        if self.body_head(i) is not None:
            return True
        at = i - 1
        while at >= 0 and self[at] not in (";", "{", "}", "(", "=", "return"):
            if self[at] in ("namespace", "class", "struct", "union", "enum", "extern"):
                return True
            at -= 1
        return False


def functions(text):
    """The (first line, last line) of every function body at namespace or class scope, its signature included."""
    stripped = strip(text)
    partner = _brace_partners(stripped)
    found = []
    _scan_scope(stripped, partner, 0, len(stripped), found)
    return [(stripped.count("\n", 0, begin) + 1, stripped.count("\n", 0, end) + 1) for begin, end in found]


def _brace_partners(stripped):
    partner, opened = {}, []
    for match in re.finditer(r"[(\[{}\])]", stripped):
        if match.group(0) in "([{":
            opened.append(match.start())
        elif opened:
            partner[opened.pop()] = match.start()
    return partner


def _scan_scope(stripped, partner, begin, end, found):
    head = at = begin
    while at < end:
        char = stripped[at]
        if char in "([":
            at = partner.get(at, end)
        elif char == ";" or (char == ":" and re.fullmatch(r"\s*(public|private|protected)\s*", stripped[head:at])):
            head = at + 1
        elif char == "{":
            close = partner.get(at, end)
            kind = _kind_of_brace(stripped[head:at])
            if kind == "scope":
                _scan_scope(stripped, partner, at + 1, close, found)
            elif kind == "function":
                start = head + len(stripped[head:at]) - len(stripped[head:at].lstrip())
                found.append((start, close))
            if kind != "initialiser":
                head = close + 1
            at = close
        at += 1


def _kind_of_brace(head):
    head = _without_template_heads(head.strip())
    if re.match(r'(inline\s+)?namespace\b|extern\s*"', head):
        return "scope"
    if re.match(r"((typedef|static|inline|constexpr|const)\s+)*(class|struct|union)\b", head) and head[-1] != ")":
        return "scope"
    if re.match(r"((typedef|static|inline|constexpr|const)\s+)*enum\b", head) or head.endswith(("=", ",")):
        return "initialiser"
    if re.search(r"=\s*\[[^\]]*\]$", head):
        return "function"
    if "(" not in head:
        return "initialiser"
    member_initialiser = re.search(r"\)\s*(noexcept\s*)?:(?!:)", head) and re.search(r"[\w>]$", head)
    if member_initialiser and not re.search(r"\b(const|noexcept|override|final|try)$", head):
        return "initialiser"
    return "function"


def _without_template_heads(head):
    while re.match(r"template\s*<", head):
        depth, at = 0, head.index("<")
        while at < len(head):
            depth += {"<": 1, ">": -1}.get(head[at], 0)
            at += 1
            if depth == 0:
                break
        head = head[at:].lstrip()
    return head
