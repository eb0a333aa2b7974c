from __future__ import annotations

import inspect
import re

import pytest

import plaint.errors
from plaint.errors import EncodingUnclear, PlaintError

CLASSES = {
    name: kind
    for name, kind in vars(plaint.errors).items()
    if inspect.isclass(kind) and issubclass(kind, PlaintError)
}


def drawn() -> dict[str, tuple[str | None, int | None]]:
    """Return parent and exit status of each class, as the head of the module draws them."""
    found: dict[str, tuple[str | None, int | None]] = {}
    above: list[str] = []
    pattern = r"^    ([│├└─ ]*)([A-Z]\w+)(?: +([0-9]+))?(?= |$)"
    for match in re.finditer(pattern, plaint.errors.__doc__ or "", re.MULTILINE):
        depth = len(match[1]) // 4
        above = [*above[:depth], match[2]]
        parent = above[depth - 1] if depth else None
        found[match[2]] = (parent, int(match[3]) if match[3] else None)
    return found


def test_the_tree_is_drawn_as_it_is() -> None:
    tree = drawn()
    assert tree.keys() == CLASSES.keys()
    for name, (parent, status) in tree.items():
        kind = CLASSES[name]
        base = kind.__bases__[0]
        assert (base.__name__ if base in CLASSES.values() else None) == parent
        if status is None:
            assert "exit_status" not in vars(kind)
        else:
            assert kind.exit_status == status


def test_codes_are_unique_and_stable() -> None:
    codes = [kind.code for kind in CLASSES.values()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    # Programs rely on them: a new one is added here, none is ever changed.
    assert sorted(codes) == [
        *("corpus", "encoding-unclear", "error", "input", "interrupted", "job", "job-mismatch"),
        *("limit-exceeded", "table", "taxonomy", "too-many-rejects", "usage", "version"),
        *("version-damaged", "version-incompatible", "version-not-found"),
    ]


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_every_error_is_made_of_its_message(kind: type[PlaintError]) -> None:
    assert str(kind("what to do next")) == "what to do next"
    assert inspect.getdoc(kind)


def test_an_unclear_encoding_has_a_ranking() -> None:
    assert EncodingUnclear("no candidate").ranking == ()
    first = EncodingUnclear("two candidates")
    first.ranking = ("cp932", "euc_jp")
    assert EncodingUnclear("another").ranking == ()
