"""The rules that no single module can keep alone, read from the source text.

A module that appears later is held to them without a change here: packages have a floor, and so
have their modules. What is allowed by name is listed with its reason.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from plaint.taxonomy import load_taxonomy

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"plaint": ROOT / "src" / "plaint", "plaint_service": ROOT / "service" / "plaint_service"}
TESTS = {"plaint": ROOT / "tests", "plaint_service": ROOT / "tests" / "service"}

# Modules and packages directly below plaint; a room is one entry of a floor. Rooms of the ground
# floor may use each other, rooms of any other floor may not.
FLOORS: tuple[tuple[frozenset[str], ...], ...] = (
    (frozenset({"", "errors", "settings", "resources"}),),
    (
        frozenset({"text"}),
        frozenset({"tables"}),
        frozenset({"taxonomy", "_taxonomy_rules"}),
        frozenset({"files"}),
    ),
    (frozenset({"model"}),),
    (frozenset({"model: versions"}),),
    (frozenset({"learn"}), frozenset({"label"}), frozenset({"operate"})),
    (frozenset({"cli", "__main__"}),),
)
# These of plaint.model know disks, and so do the private modules that nothing else there uses.
VERSIONS = ("bundle", "registry")

MAX_LINES = 450
# Tables of data, written by a program, that may grow beyond it.
LONG_TABLES = {"plaint.text._language_weights", "plaint.text._han_tables"}

# Public modules whose tests stand elsewhere, and why.
WITHOUT_MIRROR: dict[str, str] = {
    "plaint.label.assemble": "the second half of a run: tests/label/test_batch.py has both halves",
}

# Words of English that are also ids of the taxonomy: where they may stand as a literal, and why.
ORDINARY_WORDS: dict[tuple[str, str], str] = {
    ("plaint.model.classifier", "none"): "what a message says when a table has no column at all",
}

HEAVY = ("pandas", "pyarrow", "sklearn")

# Written in pieces, so that this file passes its own test.
FORBIDDEN = {
    "a workplace": re.compile(r"(?<![\w.])/(?:wo" r"rk|t" r"mp)(?![\w])|\.\./sha" r"red"),
    "how it was worked on": re.compile(
        r"(?<!scope=[\"'])\bses" r"sions?\b|\b(?:helper|sub|coding)[ -]?ag" r"ents?\b"
    ),
}


@cache
def modules() -> dict[str, Path]:
    """Return the dotted name and file of every module."""
    found = {}
    for package, directory in SOURCES.items():
        for path in sorted(directory.rglob("*.py")):
            parts = path.relative_to(directory).with_suffix("").parts
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


def imports_of(body: ast.AST, name: str, is_package: bool) -> set[str]:
    """Return the modules of ours that a syntax tree imports, wherever it does so."""
    found = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".")[: None if is_package else -1]
            above = above[: len(above) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            inner = {alias.name: f"{base}.{alias.name}" for alias in node.names}
            found |= {path if path in modules() else base for path in inner.values()}
    return found & modules().keys()


@cache
def uses(name: str) -> frozenset[str]:
    body: ast.AST = tree(name)
    if name == "plaint":
        # The face of the package may bring in what is asked of it, but only when it is asked.
        body = ast.Module([node for node in tree(name).body if not _is_function(node)], [])
    found = imports_of(body, name, modules()[name].name == "__init__.py")
    return frozenset(found - {name})


def _is_function(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def reached_from(start: set[str], within: set[str]) -> set[str]:
    """Return the modules that some modules use, directly or through others."""
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += uses(name) & within
    return reached


@cache
def of_versions() -> frozenset[str]:
    """Return the modules of plaint.model that are on the floor of versions."""
    inside = {name for name in modules() if name.startswith("plaint.model.")}
    top = {f"plaint.model.{name}" for name in VERSIONS} & inside
    public = {name for name in inside - top if not _is_private(name)}
    below = reached_from(public, inside - top)
    return frozenset(reached_from(top, inside - below))


def _is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.endswith("__") for part in name.split("."))


def place(name: str) -> tuple[int, frozenset[str]]:
    """Return the floor and the room of a module of plaint."""
    top = [*name.split("."), ""][1]
    entry = "model: versions" if name in of_versions() else top
    for floor, rooms in enumerate(FLOORS):
        for room in rooms:
            if entry in room:
                return floor, room
    raise AssertionError(f"{name} stands on no floor: give plaint.{top} one in FLOORS")


OURS = sorted(name for name in modules() if name.split(".")[0] == "plaint")


@pytest.mark.parametrize("name", OURS)
def test_a_room_uses_only_lower_floors(name: str) -> None:
    floor, room = place(name)
    for used in sorted(uses(name)):
        assert used.split(".")[0] == "plaint", f"{name} imports the service ({used})"
        below, other = place(used)
        assert below < floor or other == room, (
            f"{name} (floor {floor}) imports {used} (floor {below})"
        )


def test_no_module_imports_itself_through_others() -> None:
    graph = {name: uses(name) for name in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imports go in a circle: {' -> '.join(error.args[1])}")


def test_imports_are_seen() -> None:
    # The two rules above would also hold if no import were found.
    assert "plaint.errors" in uses("plaint.tables.readers")
    assert "plaint.text._language_weights" in uses("plaint.text._language_tables")
    assert "plaint.text" not in uses("plaint.text._language_tables")
    text = "from . import han\nfrom ..text.language import OTHER\nif True:\n import plaint.files"
    found = imports_of(ast.parse(text), "plaint.text.privacy", is_package=False)
    assert found == {"plaint.text.han", "plaint.text.language", "plaint.files"}


def test_floors_of_some_modules() -> None:
    names = ("settings", "text.han", "model._ngrams", "model._manifest", "label.batch")
    assert [place(f"plaint.{name}")[0] for name in names] == [0, 1, 2, 3, 4]
    assert place("plaint.text.han")[1] != place("plaint.tables.readers")[1]
    with pytest.raises(AssertionError, match=r"give plaint\.attic one in FLOORS"):
        place("plaint.attic.trunk")


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_is_short(name: str) -> None:
    lines = len(modules()[name].read_text(encoding="utf-8").splitlines())
    if name not in LONG_TABLES:
        assert lines <= MAX_LINES, f"{name} has {lines} lines: split it where it has two nouns"


def _mirror(name: str) -> Path:
    package, *parts = name.split(".")
    return TESTS[package].joinpath(*parts[:-1], f"test_{parts[-1]}.py")


def _needs_a_mirror(name: str) -> bool:
    if _is_private(name) or name in WITHOUT_MIRROR:
        return False
    # The file of a package only says what the package is.
    return modules()[name].name != "__init__.py"


@pytest.mark.parametrize("name", sorted(filter(_needs_a_mirror, modules())))
def test_a_module_has_its_test(name: str) -> None:
    path = _mirror(name)
    assert path.is_file(), (
        f"write {path.relative_to(ROOT).as_posix()}, or list {name} in WITHOUT_MIRROR with a reason"
    )
    assert any(map(_is_test, ast.walk(ast.parse(path.read_text("utf-8"))))), f"{path} has no test"


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


@pytest.mark.parametrize("name", sorted(filter(_is_private, modules())))
def test_a_private_module_is_tested_through_its_siblings(name: str) -> None:
    package = name.rpartition(".")[0]
    siblings = {one for one in modules() if one.rpartition(".")[0] == package}
    public = {one for one in siblings if not _is_private(one)}
    reached = reached_from(public, set(modules()))
    assert name in reached or _mirror(name).is_file(), (
        f"no public module of {package} uses {name}, and it has no test of its own"
    )


def test_what_is_allowed_by_name_exists() -> None:
    assert modules().keys() >= LONG_TABLES
    assert modules().keys() >= WITHOUT_MIRROR.keys()
    stale = ORDINARY_WORDS.keys() - set(_taxonomy_words())
    assert not stale, f"no longer there, take it out of ORDINARY_WORDS: {sorted(stale)}"


def test_the_package_is_imported_without_its_heavy_libraries() -> None:
    code = f"import sys, plaint; sys.exit(' '.join({set(HEAVY)} & sys.modules.keys()) or 0)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"import plaint brings in {done.stderr.strip()}"
    assert done.stdout == ""


def _taxonomy_words() -> dict[tuple[str, str], int]:
    taxonomy = load_taxonomy()
    ids = {*taxonomy.task_ids, *(label for task in taxonomy.tasks for label in task.label_ids)}
    return {
        (name, node.value): node.lineno
        for name in modules()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ids
    }


def test_no_task_or_label_stands_in_code() -> None:
    found = {
        f"{name}:{line}: {word!r}"
        for (name, word), line in _taxonomy_words().items()
        if (name, word) not in ORDINARY_WORDS
    }
    assert not found, f"the taxonomy is data, read these from it: {', '.join(sorted(found))}"


def test_nothing_prints() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name in modules()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert not found, f"output belongs to the command line's console: {', '.join(found)}"


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that are in git or would be added to it."""
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout: nothing says which files are tracked")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    paths = (ROOT / name for name in listed.decode("utf-8").split("\0") if name)
    return tuple(path for path in paths if path.is_file())


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_tells_of(what: str) -> None:
    assert len(tracked()) > 50
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if FORBIDDEN[what].search(line):
                found.append(f"{path.relative_to(ROOT).as_posix()}:{number}")
    assert not found, f"{what}: {', '.join(found[:20])}"


def test_forbidden_words_are_found() -> None:
    place_of_work = "/wo" + "rk"
    for text in (f"see {place_of_work}/main", f"cd {place_of_work}", "../sha" + "red/x"):
        assert FORBIDDEN["a workplace"].search(text)
    for text in ("of this ses" + "sion", "a helper ag" + "ent", "subag" + "ents"):
        assert FORBIDDEN["how it was worked on"].search(text)
    for text in ("</worksheet>", "xl" + place_of_work + "book.xml", "the agent typed it"):
        assert not any(pattern.search(text) for pattern in FORBIDDEN.values())
