"""Which column holds the messages, and which one names them.

A column is chosen when its header and its content agree, or when its content leaves all others
far behind. Everything else is a question for the user.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from plaint.errors import UsageError
from plaint.tables.readers import Cell

SAMPLE_ROWS: Final = 500

_CJK: Final = re.compile(
    "[\u1100-\u11ff\u3041-\u30ff\u3105-\u312f\u3131-\u318e\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_LATIN: Final = re.compile("[A-Za-z]")
_WORDS: Final = re.compile("[a-z]+")
_HUMP: Final = re.compile("(?<=[a-z])(?=[A-Z])")
_LOOKED_CHARS: Final = 2_000

# A letter of a CJK script carries about as much as this many Latin ones.
_LATIN_WEIGHT: Final = 0.4
# Letters that a message has on average, and by how much one column must lead.
_FEWEST_LETTERS: Final = 6.0
_SURE_LETTERS: Final = 12.0
_SURE_LEAD: Final = 4.0
_NAMED_LEAD: Final = 3.0
_FEWEST_DISTINCT: Final = 0.5
_SHOWN: Final = 6


@dataclass(frozen=True)
class Evidence:
    """What speaks for a column being the messages.

    Attributes
    ----------
    name : str
    by_name : int
        1 if the header says message, -1 if it says answer or note, else 0.
    letters : float
        Letters of an average cell that is not empty, Latin ones weighted down.
    distinct : float
        Share of the cells that are different from all earlier ones.
    """

    name: str
    by_name: int
    letters: float
    distinct: float

    @property
    def by_content(self) -> bool:
        """Whether the cells could be messages."""
        return self.letters >= _FEWEST_LETTERS and self.distinct >= _FEWEST_DISTINCT

    @property
    def weight(self) -> float:
        """How much the content speaks for the column."""
        return self.letters * self.distinct


def guess_text_column(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, source: str = "the table"
) -> str:
    """Return the column with the messages, judging by the headers and some rows.

    Parameters
    ----------
    columns : sequence of str
    rows : sequence of sequence of cells
        The first rows, at most ``SAMPLE_ROWS`` of which are looked at.
    source : str
        What to call the table in a message.

    Raises
    ------
    UsageError
        If no column is the clear choice; the message lists the candidates and the option.
    """
    found = [_evidence(name, _cells(rows, place)) for place, name in enumerate(columns)]
    winner = _winner(found)
    if winner is None:
        raise UsageError(_question(found, source))
    return winner.name


def guess_id_column(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str | None:
    """Return the column whose header says that it names messages and whose cells differ."""
    for place, name in enumerate(columns):
        if _names_messages(name):
            cells = _cells(rows, place)
            if cells and len(set(cells)) >= len(cells) * _FEWEST_DISTINCT:
                return name
    return None


def _winner(found: Sequence[Evidence]) -> Evidence | None:
    named = sorted(
        (one for one in found if one.by_name > 0 and one.by_content), key=lambda one: -one.weight
    )
    # A column that is not named may still hold the messages, if it is much fuller.
    rival = max((one.weight for one in found if one.by_name == 0), default=0.0)
    if named:
        best = named[0]
        runner_up = named[1].weight if len(named) > 1 else 0.0
        if best.weight < _NAMED_LEAD * runner_up or rival > _NAMED_LEAD * best.weight:
            return None
        return best
    if not found:
        return None
    best = max(found, key=lambda one: one.weight)
    others = max((one.weight for one in found if one is not best), default=0.0)
    if len(found) == 1 and best.letters > 0:
        return best
    sure = best.by_name == 0 and best.by_content and best.letters >= _SURE_LETTERS
    return best if sure and best.weight >= _SURE_LEAD * others else None


def _question(found: Sequence[Evidence], source: str) -> str:
    likely = [one for one in found if one.by_name > 0 or one.by_content] or list(found)
    likely.sort(key=lambda one: (-one.by_name, -one.weight))
    listed = "; ".join(_described(one) for one in likely[:_SHOWN])
    more = f"; and {len(likely) - _SHOWN} more" if len(likely) > _SHOWN else ""
    return (
        f"{source}: which column holds the messages? None is the clear choice among {listed}{more}."
        " Name it with --text-column NAME"
    )


def _described(one: Evidence) -> str:
    says = {1: "header says message", 0: "header says neither", -1: "header says answer or note"}
    return (
        f"{quoted(one.name)} ({says[one.by_name]}, about {one.letters:.0f} letters a cell, "
        f"{one.distinct:.0%} of the cells differ)"
    )


def quoted(name: str) -> str:
    """Quote a column name for a message of one line."""
    flat = "".join(c if c.isprintable() else "?" for c in name)
    return f"'{flat if len(flat) <= 60 else flat[:60] + '...'}'"


def _cells(rows: Sequence[Sequence[Cell]], place: int) -> list[str]:
    cells = (row[place] for row in rows[:SAMPLE_ROWS])
    texts = (unicodedata.normalize("NFC", str(c)[:_LOOKED_CHARS]).strip() for c in cells if c)
    return [text for text in texts if text]


def _evidence(name: str, cells: Sequence[str]) -> Evidence:
    if not cells:
        return Evidence(name, _by_name(name), 0.0, 0.0)
    letters = sum(map(_letters, cells)) / len(cells)
    return Evidence(name, _by_name(name), letters, len(set(cells)) / len(cells))


def _letters(text: str) -> float:
    letters = len(_CJK.findall(text))
    # Without a CJK letter or a space it is an address, a number or a code.
    if letters or " " in text:
        return letters + _LATIN_WEIGHT * len(_LATIN.findall(text))
    return 0.0


def _by_name(name: str) -> int:
    if _says(name, "message", "always"):
        return 1
    if _says(name, "reply", "cjk", "latin"):
        return -1
    return 1 if _says(name, "message", "cjk", "latin") else 0


def _names_messages(name: str) -> bool:
    if _says(name, "other", "cjk", "latin"):
        return False
    plain, _ = _simplified(name)
    return plain.endswith(_headers()["identifier"]["cjk"]) or _says(name, "identifier", "latin")


def _says(name: str, what: str, *lists: str) -> bool:
    plain, words = _simplified(name)
    known = _headers()[what]
    return any(
        not words.isdisjoint(known[one]) if one == "latin" else any(w in plain for w in known[one])
        for one in lists
    )


def _simplified(name: str) -> tuple[str, frozenset[str]]:
    folded = unicodedata.normalize("NFKC", name)
    words = _WORDS.findall(_HUMP.sub(" ", folded).casefold())
    plain = "".join(c for c in folded.casefold() if c.isalnum())
    return plain, frozenset(words)


@cache
def _headers() -> dict[str, dict[str, tuple[str, ...]]]:
    text = files("plaint.label").joinpath("headers.toml").read_text("utf-8")
    return {
        what: {name: tuple(words.split()) for name, words in lists.items()}
        for what, lists in tomllib.loads(text).items()
    }
