"""Refuses files over 600 lines and functions over 100: past that, nobody reads them with pleasure.

Files that are only tables of data may be longer; they are named here one by one.
"""

import ast

import cpp
import tree

FILE_LIMIT = 600
FUNCTION_LIMIT = 100
TABLES = set()


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


def check(root):
    complaints = []
    for path in tree.files(root, "include", "src", "consensus", "tests", "scripts", "cmake"):
        if path.suffix not in {".h", ".cpp", ".py", ".cmake", ".sh"} or str(path.relative_to(root)) in TABLES:
            continue
        text = path.read_text()
        length = text.count("\n")
        if length > FILE_LIMIT:
            complaints.append(tree.complaint(root, path, 1, f"{length} lines; a file has {FILE_LIMIT} at most"))
        found = {".h": cpp.functions, ".cpp": cpp.functions, ".py": python_functions}.get(path.suffix)
        for first, last in found(text) if found else ():
            if last - first + 1 > FUNCTION_LIMIT:
                complaints.append(
                    tree.complaint(
                        root, path, first, f"a function of {last - first + 1} lines; {FUNCTION_LIMIT} at most"
                    )
                )
    return complaints


if __name__ == "__main__":
    tree.run(check)
