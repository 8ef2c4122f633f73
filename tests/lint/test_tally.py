"""Shows that the tally of scripts/test tells passed, failed and skipped tests apart, and says why one was skipped."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "scripts" / "lib"))

import tally  # noqa: E402

REPORT = """<testsuite>
<testcase name="good" status="run"><system-out>fine</system-out></testcase>
<testcase name="bad" status="fail"><failure message=""/><system-out>oh</system-out></testcase>
<testcase name="gone" status="notrun"><skipped message="Unable to find executable"/><system-out/></testcase>
<testcase name="google" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
<system-out>[ RUN ] x
a_test.cpp:3: Skipped
no vectors in "here"
[ SKIPPED ] x</system-out></testcase>
<testcase name="python" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
<system-out>test_a (t.T) ... skipped 'only for root'

Ran 1 test</system-out></testcase>
<testcase name="program" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
<system-out>first
it is not installed
</system-out></testcase>
<testcase name="silent" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/><system-out></system-out></testcase>
</testsuite>
"""


class Tally(unittest.TestCase):
    def test_counts_and_reasons(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
            path = pathlib.Path(folder) / "junit.xml"
            path.write_text(REPORT)
            tally.main(path)
        self.assertEqual(
            out.getvalue().splitlines(),
            [
                "1 2 4",
                "failed: bad",
                "failed: gone",
                "skipped: google: no vectors in \"here\"",
                "skipped: program: it is not installed",
                "skipped: python: only for root",
                "skipped: silent: no reason given",
            ],
        )


if __name__ == "__main__":
    unittest.main()
