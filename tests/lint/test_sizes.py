"""Shows that the size lint finds functions where they are, and nothing else."""

import pathlib
import tempfile
import unittest

import cpp
import sizes


def body(lines):
    return "".join(f"  Use({i});\n" for i in range(lines - 2))


class Functions(unittest.TestCase):
    def assert_lengths(self, text, lengths):
        self.assertEqual([last - first + 1 for first, last in cpp.functions(text)], lengths)

    def test_plain(self):
        self.assert_lengths("int F(int a) {\n  return a;\n}\n\nint G() { return 1; }\n", [3, 1])

    def test_signature_counts(self):
        self.assert_lengths("template <class T,\n          class U>\nvoid F(T t,\n       U u) {\n}\n", [5])

    def test_namespaces_and_classes_are_scopes(self):
        text = "namespace a::b {\nnamespace {\nclass LOCKED(\"m\") C final : public D<int> {\n public:\n"
        text += "  C(int x) : x_{x}, y_(x) {\n    Go();\n  }\n  int F() const { return 1; }\n"
        text += " private:\n  int x_{1};\n};\n}\n}\n"
        self.assert_lengths(text, [3, 1])

    def test_data_is_no_function(self):
        self.assert_lengths("const int kTable[] = {\n1,\n2,\n};\nstruct P { int x = 1; };\n", [])
        self.assert_lengths("enum class E { kA,\nkB };\n", [])
        self.assert_lengths("const std::vector<P> kAll{\n{1, F()},\n{2, G()},\n};\n", [])

    def test_specifiers_and_trailing_return(self):
        self.assert_lengths("auto A::F() const noexcept -> std::vector<int> {\n}\n", [2])
        self.assert_lengths("void G() noexcept(true) override {\n}\n", [2])

    def test_brackets_in_literals_and_comments(self):
        text = "void F() {\n  // }\n  Use('}', \"}\", R\"(})\");  /* } */\n  int n = 1'000;\n}\nvoid G() {\n}\n"
        self.assert_lengths(text, [5, 2])

    def test_macros(self):
        self.assert_lengths("#define X(a) \\\n  void a() { \\\n  }\nTEST(Suite, Case) {\n  Use();\n}\n", [3])

    def test_operators_and_lambdas(self):
        self.assert_lengths("bool operator()(int a) const {\n}\nconst auto kF = [](int a) {\n};\n", [2, 2])


class SizeLint(unittest.TestCase):
    def complaints(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / name).parent.mkdir(parents=True)
            (root / name).write_text(text)
            return sizes.check(root)

    def test_long_function(self):
        self.assertEqual(self.complaints("src/a.cpp", "void F() {\n" + body(100) + "}\n"), [])
        found = self.complaints("src/a.cpp", "int x;\nvoid F() {\n" + body(101) + "}\n")
        self.assertEqual(found, ["src/a.cpp:2: a function of 101 lines; 100 at most"])

    def test_long_python_function(self):
        text = "def f():\n" + "    pass\n" * 100
        self.assertEqual(self.complaints("tests/a.py", text), ["tests/a.py:1: a function of 101 lines; 100 at most"])

    def test_long_file(self):
        self.assertEqual(self.complaints("src/a.h", "// Line.\n" * 600), [])
        found = self.complaints("src/a.h", "// Line.\n" * 601)
        self.assertEqual(found, ["src/a.h:1: 601 lines; a file has 600 at most"])


if __name__ == "__main__":
    unittest.main()
