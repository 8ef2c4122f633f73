"""Refuses what does not belong in a finished file: unfinished-work marks and paths of somebody's machine.

And holds every header to its form: the first line is a comment that says what the thing is, and
`#pragma once` follows.
"""

import re

import tree

_TEXT = {".h", ".cpp", ".py", ".cmake", ".txt", ".md", ".json", ".sh", ""}
# Spelled in pieces, so that this file passes its own check.
_REFUSED = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"), "an unfinished-work mark; finish it, or file an issue"),
    (re.compile(r"(?<![\w.~$}/-])/((work|root|Users|mnt|tmp)/|home/(?!me/))"), "a path of one machine"),
]
# Any bytes at all, and no text even where a name looks like one.
_FUZZ_SEEDS = "tests/fuzz/corpus"
_FIRST_LINE = re.compile(r"// \S+ \S+.*")


def _check_words(root, path, text):
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, message in _REFUSED:
            if pattern.search(line):
                yield tree.complaint(root, path, number, message)


def _check_header(root, path, text):
    lines = text.splitlines()
    comment = []
    for line in lines:
        if not line.startswith("//"):
            break
        comment.append(line)
    if not comment or not _FIRST_LINE.fullmatch(comment[0]) or "." not in " ".join(comment):
        yield tree.complaint(root, path, 1, "a header begins with a comment sentence that says what the thing is")
    if "#pragma once" not in lines:
        yield tree.complaint(root, path, 1, "no #pragma once")


def check(root):
    complaints, seeds = [], root / _FUZZ_SEEDS
    for path in tree.files(root):
        if path.suffix not in _TEXT or seeds in path.parents:
            continue
        text = path.read_text(encoding="utf-8")
        complaints += _check_words(root, path, text)
        if path.suffix == ".h":
            complaints += _check_header(root, path, text)
    return complaints


if __name__ == "__main__":
    tree.run(check)
