"""Counts the results in a JUnit file that ctest wrote, and names the tests that failed or were skipped.

Prints "PASSED FAILED SKIPPED" on the first line, then one line for each test that did not pass, with the
reason that a skipped one gave.
ctest marks a skipped test and one whose binary is missing alike as "notrun"; only its message tells
them apart, and a missing binary is a failure.
"""

import re
import sys
import xml.etree.ElementTree


def classify(case):
    status = case.get("status")
    if status == "run":
        return "passed"
    if status == "disabled":
        return "skipped"
    skipped = case.find("skipped")
    if status == "notrun" and skipped is not None and skipped.get("message", "").startswith("SKIP_"):
        return "skipped"
    return "failed"


# GoogleTest's, unittest's, and that of a program which says why in its last line.
_REASONS = [re.compile(r": Skipped\n(.+)"), re.compile(r"""skipped ['"](.+)['"]"""), re.compile(r"(.+)\n*\Z")]


def reason(case):
    """Why a test was skipped, as far as its output tells."""
    found = (pattern.search(case.findtext("system-out", "")) for pattern in _REASONS)
    return next((match.group(1).strip() for match in found if match), "no reason given")


def main(path):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    notable = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        result = classify(case)
        counts[result] += 1
        if result == "failed":
            notable.append(f"failed: {case.get('name')}")
        if result == "skipped":
            notable.append(f"skipped: {case.get('name')}: {reason(case)}")
    print(counts["passed"], counts["failed"], counts["skipped"])
    print("\n".join(sorted(notable)))


if __name__ == "__main__":
    main(sys.argv[1])
