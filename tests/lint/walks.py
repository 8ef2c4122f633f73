"""What docs/walks tells of the code is so: every file that it names is there, and has the functions named with it.

In a walk each list item or paragraph names files and functions in backticks. A name with a slash and an ending is a
path from the root of the tree; `Name` or `Class::Name` is a function, method or type that one of the files of the same
item must have in it. An item that names functions names at least one file.
"""

import re

import tree

_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"^[\w.\-]+(?:/[\w.\-]+)+$")
_NAME = re.compile(r"^(?:\w+::)*(~?[A-Z]\w+)(?:\(\))?$")


def _items(text):
    """Pairs of a line number and the text of a list item or paragraph."""
    start, lines = 1, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or re.match(r"\s*(?:[-*]|\d+\.)\s", line) or line.startswith("#"):
            if lines:
                yield start, "\n".join(lines)
            start, lines = number, []
        lines.append(line)
    if lines:
        yield start, "\n".join(lines)


def check(root):
    complaints = []
    for path in sorted((root / "docs" / "walks").glob("*.md")):
        for line, item in _items(path.read_text()):
            words = _CODE.findall(item)
            files = [word for word in words if _PATH.match(word)]
            names = [(word, match.group(1)) for word in words if (match := _NAME.match(word))]
            text = ""
            for name in files:
                if (root / name).is_file():
                    text += (root / name).read_text()
                elif not (root / name).is_dir():
                    complaints.append(tree.complaint(root, path, line, f"there is no {name}"))
            if names and not files:
                complaints.append(tree.complaint(root, path, line, f"{names[0][0]} is named without its file"))
                continue
            for word, name in names:
                if not re.search(rf"\b{re.escape(name)}\b", text):
                    complaints.append(tree.complaint(root, path, line, f"{word} is in none of {', '.join(files)}"))
    return complaints


if __name__ == "__main__":
    tree.run(check)
