"""Shows what the word and link lints refuse."""

import pathlib
import tempfile
import unittest

import links
import words

HEADER = "// Bytes that own themselves.\n#pragma once\n"


class Tree(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = pathlib.Path(self._folder.name).resolve()

    def put(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)


class WordLint(Tree):
    def test_good_files_pass(self):
        self.put("src/a.h", HEADER)
        self.put("README.md", "Data is in ~/.cairn; see src/work/x and /usr/bin/python3 and ../shared/tmp/a.\n")
        self.assertEqual(words.check(self.root), [])

    def test_unfinished_work(self):
        self.put("src/a.cpp", "int a;\n// TO" + "DO later\n")
        self.assertEqual(len(words.check(self.root)), 1)
        self.assertIn("src/a.cpp:2", words.check(self.root)[0])

    def test_machine_path(self):
        for path in ("/wor" + "k/main", "/ho" + "me/someone/x", "/tm" + "p/x"):
            self.put("CMakeLists.txt", f'set(A "{path}")\n')
            self.assertEqual(len(words.check(self.root)), 1, path)

    def test_header_form(self):
        once = "#pragma once\n"
        for text in (once, "// Bytes.\n" + once, "// No guard but a sentence.\n", "// no full stop\n" + once):
            self.put("include/a.h", text)
            self.assertEqual(len(words.check(self.root)), 1, text)

    def test_fuzzing_seeds_are_no_text(self):
        self.put("tests/fuzz/corpus/block/0a", "TO" + "DO")
        self.assertEqual(words.check(self.root), [])


class LinkLint(Tree):
    def test_links(self):
        self.put("docs/a.md", "[b](b.md#part) [web](https://example.org/x) [up](../README.md) `[no](gone.md)`\n")
        self.put("docs/b.md", "[here](#here)\n")
        self.put("README.md", "[docs](docs/)\n")
        self.assertEqual(links.check(self.root), [])
        self.put("README.md", "\n[gone](docs/gone.md)\n")
        self.assertEqual(links.check(self.root), ["README.md:2: the link docs/gone.md leads nowhere"])


if __name__ == "__main__":
    unittest.main()
