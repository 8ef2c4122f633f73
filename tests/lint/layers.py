"""Holds the code to the layer table of docs/architecture.md: a target includes and links only what it names there.

Checked: every #include of our own headers, other layers' private headers, the edges and targets that
CMakeLists.txt declares, which targets stand today, and the third-party headers, whose table says in
which files alone they may appear, and has no row for a library that nobody uses.
"""

import fnmatch
import re

import tree

PAGE = "docs/architecture.md"
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
# Folders of the system's own headers that contain a slash.
_SYSTEM = ("sys/", "linux/", "net/", "netinet/", "arpa/", "asm/")


class PageError(Exception):
    """docs/architecture.md does not hold a table as this lint needs it."""


def table(text, first_heading):
    """The rows of the Markdown table whose first column has this heading, as dicts by heading."""
    rows, headings = [], None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else None
        if cells and cells[0] == first_heading:
            headings = cells
        elif headings and not cells:
            break
        elif headings and not set(cells[0]) <= {"-", ":"}:
            if len(cells) != len(headings):
                raise PageError(f"{PAGE}: a row of {len(cells)} cells under {len(headings)} headings: {line}")
            rows.append(dict(zip(headings, cells)))
    if not rows:
        raise PageError(f"{PAGE}: no table with the heading '{first_heading}'")
    return rows


def _names(cell):
    return re.findall(r"[\w./*-]*\w[\w./*-]*", cell)


class Layers:
    """The layer table: which folders a target has, what it may use, and which targets stand today."""

    def __init__(self, page):
        self.folders, self.uses, self.standing = {}, {}, set()
        rows = table(page, "target")
        every = [name for row in rows for name in _names(row["target"])]
        programs = [name for row in rows if "src/apps" in row["folder"] for name in _names(row["target"])]
        for row in rows:
            for name in _names(row["target"]):
                self.folders[name] = [] if name in programs else _names(row["folder"].replace("+", " "))
                uses = set(_names(row["may use"]))
                self.uses[name] = set(every) - set(programs) - {name} if uses == {"all"} else uses
                if row["stands"] == "yes":
                    self.standing.add(name)
        unknown = {use for uses in self.uses.values() for use in uses} - set(every)
        if unknown:
            raise PageError(f"{PAGE}: the layer table uses targets that it does not have: {sorted(unknown)}")

    def closure(self, name):
        """The target itself and everything that it may use, transitively."""
        reached, waiting = set(), [name]
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached.add(current)
                waiting += self.uses[current]
        return reached

    def layer_of(self, relative):
        """The target that owns a path relative to the root of the tree, or None."""
        parts = relative.split("/")
        if parts[:2] == ["include", "cairn"] and len(parts) > 3:
            return parts[2] if parts[2] in self.uses else None
        if parts[:2] == ["src", "apps"] and len(parts) == 3:
            return parts[2].removesuffix(".cpp").replace("_", "-")
        for name, folders in self.folders.items():
            if any(relative.startswith(folder.rstrip("/") + "/") for folder in folders):
                return name
        return None

    def layer_of_include(self, spelled):
        return self.layer_of(f"include/{spelled}" if spelled.startswith("cairn/") else spelled)


def _check_own_include(layers, owner, spelled):
    """What is wrong with `#include "spelled"` in a file of target `owner`; None if nothing."""
    target = layers.layer_of_include(spelled)
    if target is None:
        return f'"{spelled}" belongs to no target; spell it from include/ or from the root of the tree'
    if target not in layers.closure(owner):
        return f'"{spelled}": {owner} may not use {target}'
    if target != owner and spelled.startswith("src/"):
        return f'"{spelled}" is private to {target}'
    return None


def _check_third_party(rules, relative, spelled):
    for headers, places in rules:
        if any(fnmatch.fnmatch(spelled, header) for header in headers):
            if not any(fnmatch.fnmatch(relative, place) for place in places):
                return f"<{spelled}> may appear only in {', '.join(places)}"
            return None
    if "/" in spelled and not spelled.startswith(_SYSTEM):
        return f"<{spelled}> is in no row of the third-party table of {PAGE}"
    return None


def _source_folders(layers):
    owned = {folder.split("/")[0] for folders in layers.folders.values() for folder in folders}
    return sorted({"include", "src"} | owned)


def _check_includes(root, layers, rules):
    complaints = []
    for path in tree.sources(root, *_source_folders(layers)):
        relative, text = str(path.relative_to(root)), path.read_text()
        owner = layers.layer_of(relative)
        if owner is None:
            complaints.append(tree.complaint(root, path, 1, f"lies in the folder of no target of {PAGE}"))
            continue
        for match in _INCLUDE.finditer(text):
            if match.group(1) == '"':
                wrong = _check_own_include(layers, owner, match.group(2))
            else:
                wrong = _check_third_party(rules, relative, match.group(2))
            if wrong:
                complaints.append(tree.complaint(root, path, text.count("\n", 0, match.start()) + 1, wrong))
    return complaints


def _check_rules_are_used(root, folders, rules):
    included = {
        match.group(2)
        for path in tree.sources(root, *folders)
        for match in _INCLUDE.finditer(path.read_text())
        if match.group(1) == "<"
    }
    return [
        f"{PAGE}:1: the third-party table has {header}, which nobody includes"
        for headers, _ in rules
        for header in headers
        if not any(fnmatch.fnmatch(spelled, header) for spelled in included)
    ]


def declared_edges(cmake):
    """{target: set of the targets it links} from the cairn_layer and cairn_program calls of a CMakeLists.txt."""
    edges = {}
    cmake = re.sub(r"#[^\n]*", "", cmake)
    for kind, arguments in re.findall(r"^\s*cairn_(layer|program)\(([^)]*)\)", cmake, re.MULTILINE):
        words, current, found = arguments.split(), None, {"USES": set(), "LINK": set(), "FOLDER": set()}
        for word in words[1:]:
            if word in found:
                current = word
            else:
                found[current].add(word)
        linked = {word.removeprefix("cairn::") for word in found["LINK"] if word.startswith("cairn::")}
        edges[words[0]] = found["USES"] | linked
    return edges


def _reach(edges, name):
    reached, waiting = set(), list(edges.get(name, ()))
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting += edges.get(current, ())
    return reached


def _check_cmake(root, layers):
    edges = declared_edges((root / "CMakeLists.txt").read_text())
    complaints = []
    for name in sorted(set(edges) ^ layers.standing):
        where = "CMakeLists.txt" if name in edges else PAGE
        complaints.append(f"{where}:1: only here does target {name} stand; {PAGE} and CMakeLists.txt must agree")
    for name in sorted(set(edges) & layers.standing):
        wanted = layers.closure(name) & set(edges) - {name}
        for use in sorted(wanted - _reach(edges, name)):
            complaints.append(f"CMakeLists.txt:1: {name} does not link {use}, which {PAGE} lets it use")
        for use in sorted(_reach(edges, name) - wanted):
            complaints.append(f"CMakeLists.txt:1: {name} links {use}, which {PAGE} does not let it use")
    return complaints


def check(root):
    try:
        page = (root / PAGE).read_text()
        layers = Layers(page)
        rules = [(_names(row["headers"]), _names(row["only in"])) for row in table(page, "headers")]
    except (PageError, OSError) as error:
        return [str(error)]
    unused = _check_rules_are_used(root, _source_folders(layers), rules)
    return _check_includes(root, layers, rules) + unused + _check_cmake(root, layers)


if __name__ == "__main__":
    tree.run(check)
