"""Where the project's files are, and how every lint is run and reports.

A lint is a function that takes the root of a source tree and returns its complaints, each one line
"path:line: what is wrong". Run as a program it prints them and exits with 1 when there are any.
"""

import os
import pathlib
import sys

_SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".cache", ".vscode", ".idea"}
_SOURCES = {".h", ".cpp"}
_GIT_LINK = ".git"  # in a second working tree this is a file that says where the repository is


def files(root, *folders):
    """Every file under the given folders of `root` (all of it when none is named), sorted."""
    for folder in folders or ("",):
        for current, names, leaves in os.walk(pathlib.Path(root, folder)):
            names[:] = sorted(name for name in names if name not in _SKIPPED_FOLDERS)
            for leaf in sorted(set(leaves) - {_GIT_LINK}):
                yield pathlib.Path(current, leaf)


def sources(root, *folders):
    """The C++ files among `files`."""
    return (path for path in files(root, *folders) if path.suffix in _SOURCES)


def complaint(root, path, line, message):
    return f"{pathlib.Path(path).relative_to(root)}:{line}: {message}"


def run(check):
    """The main function of a lint: checks the tree named by the first argument, or the one this file lies in."""
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    complaints = check(root)
    for line in complaints:
        print(line)
    sys.exit(1 if complaints else 0)
