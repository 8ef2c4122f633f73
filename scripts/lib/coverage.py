"""Prints the line coverage of one folder from the counts that a coverage build left behind.

Usage: coverage.py ROOT FOLDER LEAST. Asks gcov for JSON, file by file; a header that several files include is
covered where any of them runs it. Exits with 1 below LEAST percent.
"""

import collections
import json
import pathlib
import subprocess
import sys


def reports(build):
    """What gcov says of every object that has run."""
    for counts in sorted(build.rglob("*.gcda")):
        output = subprocess.run(
            ["gcov", "--json-format", "--stdout", str(counts)], capture_output=True, check=True, cwd=build
        ).stdout
        for line in output.splitlines():
            if line.strip():
                yield json.loads(line)


def count_lines(root, folder):
    """File to line to how often it ran."""
    lines = collections.defaultdict(collections.Counter)
    for report in reports(root / "build" / "coverage"):
        for file in report["files"]:
            path = pathlib.Path(report["current_working_directory"], file["file"]).resolve()
            if path.is_relative_to(root / folder):
                for line in file["lines"]:
                    lines[path.relative_to(root)][line["line_number"]] += line["count"]
    return lines


def main(root, folder, least):
    lines = count_lines(pathlib.Path(root).resolve(), folder)
    total = run = 0
    for path, counts in sorted(lines.items()):
        missed = sorted(line for line, count in counts.items() if count == 0)
        total += len(counts)
        run += len(counts) - len(missed)
        note = "  not run: " + ", ".join(map(str, missed)) if missed else ""
        print(f"{100 * (len(counts) - len(missed)) / len(counts):6.1f} %  {path}{note}")
    if not total:
        sys.exit(f"no counts of {folder}: has the coverage build run?")
    percent = 100 * run / total
    print(f"{percent:6.1f} %  {folder}: {run} of {total} lines")
    sys.exit(0 if percent >= float(least) else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
