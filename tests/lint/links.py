"""Every relative link in a Markdown file leads to a file or folder that is there."""

import re
import urllib.parse

import tree

_LINK = re.compile(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def check(root):
    complaints = []
    for path in tree.files(root):
        if path.suffix != ".md":
            continue
        text = _CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), path.read_text())
        for match in _LINK.finditer(text):
            target = urllib.parse.unquote(match.group(1).split("#")[0])
            if not target or "://" in match.group(1) or target.startswith("mailto:"):
                continue
            if not (path.parent / target).exists():
                line = text.count("\n", 0, match.start()) + 1
                complaints.append(tree.complaint(root, path, line, f"the link {target} leads nowhere"))
    return complaints


if __name__ == "__main__":
    tree.run(check)
