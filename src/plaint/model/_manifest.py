"""What a version says about itself: its parts, the software that wrote it, its golden rows."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plaint import __version__
from plaint.errors import UsageError, VersionDamaged, VersionIncompatible
from plaint.files import canonical_json, digest_bytes, safe_name

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
RETRAIN: Final = "train again with `plaint train`"
RESTORE: Final = (
    "Restore the directory from a backup, go back with `plaint models rollback`, or " + RETRAIN
)
_LIBRARIES: Final = ("numpy", "scikit-learn", "scipy", "sentencepiece", "skops")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_GOLDEN_TOLERANCE: Final = 1e-4
_GOLDEN_DECIMALS: Final = 6


def is_digest(value: object) -> bool:
    """Say whether a value is ``sha256:`` and 64 hexadecimal digits."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


@dataclass(frozen=True)
class PartRecord:
    """Digest and size of one file of a version."""

    digest: str
    size_bytes: int


@dataclass(frozen=True)
class Golden:
    """Texts whose logits every machine must reproduce; None stands for a number not finite."""

    texts: tuple[str, ...] = ()
    logits: tuple[tuple[float | None, ...], ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str], logits: NDArray[Any]) -> Golden:
        """Record logits of shape (n_texts, n_outputs)."""
        return cls(tuple(texts), tuple(tuple(map(_rounded, row)) for row in logits.tolist()))

    def agrees(self, logits: NDArray[Any]) -> bool:
        """Say whether logits of shape (n_texts, n_outputs) are those recorded, within 1e-4."""
        expected = np.array(self.logits, dtype=np.float64)
        found = np.asarray(logits, dtype=np.float64)
        if expected.shape != found.shape:
            return False
        finite = np.isfinite(found)
        return bool(
            np.array_equal(finite, np.isfinite(expected))
            and (np.abs(found[finite] - expected[finite]) <= _GOLDEN_TOLERANCE).all()
        )


@dataclass(frozen=True)
class Manifest:
    """A version's own record.

    Attributes
    ----------
    parts : mapping of str to PartRecord
        Every file of the version but the manifest itself.
    taxonomy : str
        Digest of the taxonomy that the classifier was trained with.
    libraries : mapping of str to str
        Versions of the software that wrote it.
    facts : mapping
        What training says of itself: data digest, seed, scores, thresholds.
    golden : Golden
        Texts of the shipped corpus with their logits.
    """

    parts: Mapping[str, PartRecord]
    taxonomy: str
    libraries: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    golden: Golden = field(default_factory=Golden)

    @property
    def digest(self) -> str:
        """``sha256:`` and the digest of the file."""
        return digest_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the bytes of the file."""
        return canonical_json(
            {
                "format": FORMAT,
                "facts": dict(self.facts),
                "golden": {
                    "logits": [list(row) for row in self.golden.logits],
                    "texts": list(self.golden.texts),
                },
                "libraries": dict(self.libraries),
                "parts": {
                    name: {"digest": part.digest, "bytes": part.size_bytes}
                    for name, part in self.parts.items()
                },
                "taxonomy": self.taxonomy,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, source: str) -> Manifest:
        """Read the bytes of the file.

        Raises
        ------
        VersionDamaged
            When they are not what `to_bytes` writes.
        VersionIncompatible
            When a later plaint wrote them.
        """
        try:
            table = json.loads(data)
            number = table["format"]
            if type(number) is int and number > FORMAT:
                raise VersionIncompatible(
                    f"{source} has format {number}, and this plaint reads up to {FORMAT}. "
                    f"Update plaint, or {RETRAIN}."
                )
            manifest = cls._of(table)
            # One form only: a second entry of one name would hide from other readers.
            if number != FORMAT or manifest.to_bytes() != data:
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise VersionDamaged(
                f"{source} is not as plaint wrote it: cut short, edited or another file. {RESTORE}."
            ) from error
        return manifest

    @classmethod
    def _of(cls, table: Mapping[str, Any]) -> Manifest:
        parts = {
            _name(name): PartRecord(_digest(part["digest"]), _size(part["bytes"]))
            for name, part in table["parts"].items()
        }
        libraries = dict(table["libraries"])
        texts = tuple(table["golden"]["texts"])
        logits = tuple(map(tuple, table["golden"]["logits"]))
        numbers = [value for row in logits for value in row if value is not None]
        if (
            len(texts) != len(logits)
            or len({len(row) for row in logits}) > 1
            or not all(isinstance(value, str) for value in (*texts, *libraries.values()))
            or not all(isinstance(value, float) for value in numbers)
            or not isinstance(table["facts"], dict)
        ):
            raise ValueError
        golden = Golden(texts, logits)
        return cls(parts, _digest(table["taxonomy"]), libraries, table["facts"], golden)

    def check_libraries(self, source: str) -> None:
        """Refuse a version that other software wrote than can read it.

        Python, numpy and scipy are recorded but not compared: their files are read across
        versions, and the golden rows tell when they compute other numbers.

        Raises
        ------
        VersionIncompatible
            When scikit-learn has another major or minor number, or sentencepiece is older.
        """
        here = installed_libraries()
        problems = []
        wrote, found = self.libraries.get("scikit-learn", "?"), here["scikit-learn"]
        if _numbers(wrote)[:2] != _numbers(found)[:2]:
            wanted = ".".join(map(str, _numbers(wrote)[:2]))
            problems.append(f"scikit-learn {wrote} (wanted {wanted}.*, found {found})")
        wrote, found = self.libraries.get("sentencepiece", "?"), here["sentencepiece"]
        if not _numbers(wrote) or _numbers(found) < _numbers(wrote):
            problems.append(f"sentencepiece {wrote} (wanted {wrote} or later, found {found})")
        if problems:
            raise VersionIncompatible(
                f"{source} was written with {' and '.join(problems)}. Install those versions, or "
                f"{RETRAIN}."
            )


def installed_libraries() -> dict[str, str]:
    """Return the versions of plaint, Python and the libraries that a version depends on."""
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return {"plaint": __version__, "python": platform.python_version()} | versions


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}", version)
    return tuple(map(int, match[0].split("."))) if match else ()


def _rounded(value: float) -> float | None:
    return round(float(value), _GOLDEN_DECIMALS) if np.isfinite(value) else None


def _name(value: str) -> str:
    try:
        name = safe_name(value)
    except UsageError as error:
        raise ValueError from error
    if name.casefold() == MANIFEST:
        raise ValueError
    return name


def _digest(value: Any) -> str:
    if not is_digest(value):
        raise ValueError
    return str(value)


def _size(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value
