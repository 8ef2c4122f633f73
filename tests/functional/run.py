"""Runs functional tests: run.py NAME..., names of test_*.py files without the ending, or nothing for all.

With environment variables as framework/__init__.py says. Exits with 77 when every test was skipped.
"""

import pathlib
import sys
import unittest

_SKIPPED = 77


def main(names):
    folder = pathlib.Path(__file__).parent
    sys.path.insert(0, str(folder))
    names = names or sorted(path.stem for path in folder.glob("test_*.py"))
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    if not result.wasSuccessful():
        return 1
    return _SKIPPED if result.testsRun == 0 or len(result.skipped) == result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
