"""Every C++ file is as clang-format 14 would write it. Exits with 77, "skipped", where it is not installed."""

import pathlib
import shutil
import subprocess
import sys

import tree

SKIPPED = 77


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    formatter = shutil.which("clang-format-14")
    if formatter is None:
        print("clang-format-14 is not installed")
        return SKIPPED
    sources = [str(path) for path in tree.sources(root, "include", "src", "consensus", "tests")]
    return subprocess.run([formatter, "--dry-run", "-Werror", "--style=file", *sources], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
