"""Runs functional tests: run.py [--folder FOLDER] NAME..., names of test_*.py files without the ending, or nothing
for all. They are looked for in FOLDER, by default where this file is.

With environment variables as framework/__init__.py says. Exits with 77 when every test was skipped, or any for
lack of the conformance vectors: what the others prove is too little to pass for the file.
"""

import pathlib
import sys
import unittest

_SKIPPED = 77


def main(names):
    folder = pathlib.Path(__file__).parent
    sys.path.insert(0, str(folder))
    if names[:1] == ["--folder"]:
        folder = pathlib.Path(names[1])
        sys.path.insert(0, str(folder))
        names = names[2:]
    names = names or sorted(path.stem for path in folder.glob("test_*.py"))
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    if not result.wasSuccessful():
        return 1
    # A test skipped in several parts is listed as often.
    skipped = {getattr(test, "test_case", test) for test, _ in result.skipped}
    lacks_vectors = any("conformance vectors" in reason for _, reason in result.skipped)
    return _SKIPPED if lacks_vectors or len(skipped) == result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
