"""Shows that the layer lint passes a good tree and refuses each way of breaking the table."""

import pathlib
import tempfile
import unittest

import layers

PAGE = """
| target | folder | owns | may use | stands |
|---|---|---|---|---|
| `base` | src/base | bytes | - | yes |
| `rules` | rules | rules | base | yes |
| `pool` | src/pool | pool | rules | later |
| `face` | src/face | sockets | base, pool | yes |
| `tool` | src/apps | `main` | face | yes |

| headers | only in | what for |
|---|---|---|
| `leveldb/*` | `src/base/*` | the database |
| `boost/asio*` | `src/face/*.cpp` | sockets |
"""

CMAKE = """
cairn_layer(base USES)
cairn_layer(rules USES base LINK hwy FOLDER rules)
cairn_layer(face USES base rules)  # pool stands later
cairn_program(tool LINK cairn::face)
"""

GOOD = {
    "docs/architecture.md": PAGE,
    "CMakeLists.txt": CMAKE,
    "include/cairn/base/bytes.h": "#include <vector>\n#include <sys/types.h>\n",
    "src/base/bytes.cpp": '#include "cairn/base/bytes.h"\n#include "src/base/private.h"\n#include <leveldb/db.h>\n',
    "src/base/private.h": "",
    "rules/header.h": '#include "cairn/base/bytes.h"\n',
    "include/cairn/face/face.h": "",
    "src/face/face.cpp": '#include "cairn/face/face.h"\n#include "rules/header.h"\n#include <boost/asio.hpp>\n',
    "src/apps/tool.cpp": '#include "cairn/face/face.h"\n',
}


class LayerLint(unittest.TestCase):
    def complaints(self, tree=None):
        """What the lint says of the good tree with the files of `tree` added ({path: text})."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            for name, text in {**GOOD, **(tree or {})}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return layers.check(root)

    def refuses(self, path, text, part):
        found = self.complaints(tree={path: text})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(path), found)
        self.assertIn(part, found[0])

    def test_good_tree_passes(self):
        self.assertEqual(self.complaints(), [])

    def test_upward_include(self):
        self.refuses("src/base/up.cpp", '\n#include "cairn/face/face.h"\n', "base may not use face")
        self.refuses("rules/up.h", '#include "cairn/face/face.h"\n', "rules may not use face")

    def test_line_is_named(self):
        found = self.complaints(tree={"src/base/up.cpp": '\n\n#  include "rules/header.h"\n'})
        self.assertEqual(found, ['src/base/up.cpp:3: "rules/header.h": base may not use rules'])

    def test_private_header_of_another_target(self):
        self.refuses("src/face/peek.cpp", '#include "src/base/private.h"\n', "private to base")

    def test_include_not_spelled_from_the_root(self):
        self.refuses("src/base/near.cpp", '#include "private.h"\n', "belongs to no target")

    def test_file_of_no_target(self):
        self.refuses("src/stray/stray.cpp", "", "folder of no target")

    def test_third_party_header_in_the_wrong_place(self):
        self.refuses("rules/store.cpp", "#include <leveldb/db.h>\n", "may appear only in")
        self.refuses("include/cairn/face/socket.h", "#include <boost/asio.hpp>\n", "may appear only in")

    def test_unknown_third_party_header(self):
        self.refuses("src/face/qt.cpp", "#include <zmq/zmq.hpp>\n", "no row of the third-party table")

    def test_third_party_row_that_nobody_uses(self):
        page = PAGE + "| `zmq/*` | `src/face/*` | messages |\n"
        found = self.complaints(tree={"docs/architecture.md": page})
        self.assertEqual(found, ["docs/architecture.md:1: the third-party table has zmq/*, which nobody includes"])

    def test_edge_that_cmake_adds(self):
        cmake = CMAKE.replace("cairn_layer(base USES)", "cairn_layer(base USES rules)")
        self.assertIn("base links rules", "\n".join(self.complaints(tree={"CMakeLists.txt": cmake})))

    def test_edge_that_cmake_lacks(self):
        cmake = CMAKE.replace("face USES base rules", "face USES base")
        self.assertIn("face does not link rules", "\n".join(self.complaints(tree={"CMakeLists.txt": cmake})))

    def test_target_that_only_one_side_has(self):
        found = self.complaints(tree={"CMakeLists.txt": CMAKE + "cairn_layer(pool USES rules)\n"})
        self.assertIn("CMakeLists.txt:1: only here does target pool stand", found[0])
        found = self.complaints(tree={"docs/architecture.md": PAGE.replace("rules | later", "rules | yes")})
        self.assertIn("docs/architecture.md:1: only here does target pool stand", found[0])

    def test_broken_page(self):
        self.assertIn("no table", self.complaints(tree={"docs/architecture.md": "# empty"})[0])
        page = PAGE.replace("| base, pool |", "| base, poool |")
        self.assertIn("poool", self.complaints(tree={"docs/architecture.md": page})[0])


if __name__ == "__main__":
    unittest.main()
