import pathlib
import tempfile
import unittest

import walks


class Walks(unittest.TestCase):
    def complaints(self, walk):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "docs/walks").mkdir(parents=True)
            (root / "src").mkdir()
            (root / "src/one.cpp").write_text("void One::Begin() {}\n")
            (root / "src/two.cpp").write_text("void Two::End() {}\n")
            (root / "docs/walks/walk.md").write_text(walk)
            return walks.check(root)

    def test_names_that_are_there(self):
        self.assertEqual(self.complaints("1. `src/one.cpp`: `One::Begin`, then\n   `src/two.cpp`: `End`\n"), [])
        self.assertEqual(self.complaints("Plain words, and `a_variable`, in `src`.\n"), [])

    def test_a_file_that_is_gone(self):
        self.assertIn("there is no src/three.cpp", self.complaints("1. `src/three.cpp`\n")[0])

    def test_a_function_that_is_elsewhere(self):
        self.assertIn("is in none of src/one.cpp", self.complaints("1. `src/one.cpp`: `One::End`\n")[0])

    def test_items_are_told_apart(self):
        self.assertEqual(len(self.complaints("1. `src/one.cpp`: `End`\n2. `src/two.cpp`: `End`\n")), 1)

    def test_a_function_without_file(self):
        self.assertIn("without its file", self.complaints("1. then `One::Begin`\n")[0])


if __name__ == "__main__":
    unittest.main()
