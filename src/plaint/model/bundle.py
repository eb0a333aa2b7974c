"""One version on disk: written as parts that cannot run code, and distrusted when it is read.

The manifest comes first, then the software versions, then size and digest of every part; only
bytes that passed are given to a parser, from memory and not from the disk again. The golden rows
come last: they show that this machine computes what the trained classifier computed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plaint.errors import (
    TaxonomyError,
    UsageError,
    VersionDamaged,
    VersionError,
)
from plaint.files import DISK, Disk, canonical_json, digest_bytes, safe_name, write_atomic
from plaint.model import _archive
from plaint.model._archive import RefusedError
from plaint.model._manifest import (
    MANIFEST,
    RESTORE,
    RETRAIN,
    Golden,
    Manifest,
    PartRecord,
    installed_libraries,
)
from plaint.model._packing import PACKED_TYPES, PIECES, Packer, type_name, unpack
from plaint.model._verified import (
    CLASSIFIER,
    LIMITS,
    TAXONOMY,
    BundleLimits,
    read_manifest,
    verified,
)
from plaint.taxonomy import Taxonomy

# Every type that a version may hold, besides numbers, strings, lists, dicts and arrays of plain
# numbers. It stands here and nowhere else: a list that came with a file would be the file's own.
TRUSTED_TYPES: tuple[str, ...] = (
    "plaint.model._fitting.Learned",
    "plaint.model._fitting.TaskFacts",
    "plaint.model.classifier.ComplaintClassifier",
    "plaint.model.features.PieceVectorizer",
    "plaint.model.priors.Evidence",
    "plaint.model.tokenizer.SentencePieceTokenizer",
)


@dataclass(frozen=True)
class Bundle:
    """A version in memory: the classifier and what is known of it."""

    classifier: Any
    manifest: Manifest
    taxonomy: Taxonomy


def save(
    classifier: Any,
    directory: str | Path,
    *,
    facts: Mapping[str, Any],
    golden: Sequence[str] = (),
    extras: Mapping[str, bytes] | None = None,
    disk: Disk = DISK,
) -> Manifest:
    """Write a fitted classifier into a new or empty directory.

    The same classifier, facts and extras give the same bytes in every file, as long as the
    libraries are the same.

    Parameters
    ----------
    classifier : estimator
        Fitted, with the taxonomy as plain data in ``taxonomy`` and a method ``score``; of types
        in `TRUSTED_TYPES` only.
    directory : str or Path
        Where the files go.
    facts : mapping
        JSON values for the manifest; no time of day, which would make every version another.
    golden : sequence of str
        A few texts that are nobody's secret: they stand in the manifest with their logits.
    extras : mapping of str to bytes
        Further files, such as the model card.
    disk : Disk
        Tests fail single calls of it.

    Raises
    ------
    VersionError
        When the classifier holds something that `load` would refuse.
    UsageError
        When the directory is not empty or a file name cannot be used.
    """
    place = Path(directory)
    place.mkdir(parents=True, exist_ok=True)
    if any(place.iterdir()):
        raise UsageError(f"{place} is not empty. Name a new directory for the version.")
    taxonomy = Taxonomy.from_dict(classifier.taxonomy)
    packer = Packer(_allowed(), {TAXONOMY: classifier.taxonomy})
    try:
        archive = _archive.dumps(packer.pack(classifier), _allowed())
    except RefusedError as error:
        raise VersionError(
            f"{type_name(classifier)} cannot be written as a version: {error}. Add the type to "
            "TRUSTED_TYPES of plaint.model.bundle, or take it out of the classifier."
        ) from error
    parts = {CLASSIFIER: archive, TAXONOMY: canonical_json(taxonomy.to_dict())} | packer.parts
    for name, data in (extras or {}).items():
        if name.casefold() in {known.casefold() for known in (MANIFEST, *parts)}:
            raise UsageError(f"{name} is already a file of the version. Choose another name.")
        parts[safe_name(name)] = data
    manifest = Manifest(
        parts={name: PartRecord(digest_bytes(data), len(data)) for name, data in parts.items()},
        taxonomy=taxonomy.digest,
        libraries=installed_libraries(),
        facts=facts,
        golden=Golden.of(golden, _logits(classifier, golden)) if golden else Golden(),
    )
    record = _record(manifest, place)
    for name, data in parts.items():
        write_atomic(place / name, data, disk)
    # Last, so that a directory with a manifest is whole.
    write_atomic(place / MANIFEST, record, disk)
    return manifest


def _record(manifest: Manifest, place: Path) -> bytes:
    """Return the bytes of a manifest that were read back once."""
    try:
        record = manifest.to_bytes()
        Manifest.from_bytes(record, str(place / MANIFEST))
    except (TypeError, ValueError, VersionDamaged) as error:
        raise UsageError(
            f"The facts for {place / MANIFEST} do not come back from JSON as they were. Give "
            "tables with string keys, lists, strings and finite numbers."
        ) from error
    if len(record) > LIMITS.max_manifest_bytes:
        raise UsageError(
            f"{place / MANIFEST} would have {len(record)} bytes, and {LIMITS.max_manifest_bytes} "
            "are read. Put long facts into a file of their own."
        )
    return record


def check(
    directory: str | Path, *, expected_digest: str | None = None, limits: BundleLimits = LIMITS
) -> Manifest:
    """Check a version without parsing a part: manifest, software versions, sizes, digests.

    Raises
    ------
    VersionNotFound, VersionDamaged, VersionIncompatible
        With the name of the file that is wrong.
    """
    return verified(Path(directory), expected_digest, limits)[0]


def load(
    directory: str | Path,
    *,
    expected_digest: str | None = None,
    check_golden: bool = True,
    limits: BundleLimits = LIMITS,
) -> Bundle:
    """Read a version; nothing in its files can run code.

    Parameters
    ----------
    directory : str or Path
        A directory that `save` wrote.
    expected_digest : str, default=None
        What the manifest's digest must be.
    check_golden : bool, default=True
        Score the golden rows and compare.
    limits : BundleLimits
        How much is read before anything is believed.

    Raises
    ------
    VersionNotFound, VersionDamaged, VersionIncompatible
        With the name of the file that is wrong.
    """
    place = Path(directory)
    manifest, contents = verified(place, expected_digest, limits)
    taxonomy = _taxonomy(contents[TAXONOMY], place, manifest)
    parts: dict[str, Any] = {TAXONOMY: taxonomy.to_dict()}
    parts |= {name: data for name, data in contents.items() if _holds_pieces(name)}
    try:
        state = _archive.loads(contents[CLASSIFIER], _allowed())
        if type_name(state) not in TRUSTED_TYPES or not hasattr(state, "taxonomy"):
            raise RefusedError(f"it holds a {type_name(state)} in place of a classifier")
        classifier = unpack(state, parts, _allowed())
    except RefusedError as error:
        raise VersionDamaged(
            f"{place / CLASSIFIER} is refused: {error}. Nothing of it was run. {RESTORE}."
        ) from error
    if check_golden and manifest.golden.texts:
        _check_golden(classifier, manifest, place)
    return Bundle(classifier, manifest, taxonomy)


def _taxonomy(data: bytes, place: Path, manifest: Manifest) -> Taxonomy:
    source = place / TAXONOMY
    try:
        taxonomy = Taxonomy.from_dict(json.loads(data), source=str(source))
    except (ValueError, TypeError, AttributeError, RecursionError, TaxonomyError) as error:
        raise VersionDamaged(f"{source} is no taxonomy. {RESTORE}.") from error
    if taxonomy.digest != manifest.taxonomy:
        raise VersionDamaged(f"{source} is another taxonomy than the manifest names. {RESTORE}.")
    return taxonomy


def _check_golden(classifier: Any, manifest: Manifest, place: Path) -> None:
    agrees = False
    # What the libraries raise on a model that does not fit itself is theirs to choose.
    with contextlib.suppress(Exception):
        agrees = manifest.golden.agrees(_logits(classifier, manifest.golden.texts))
    if not agrees:
        here, there = installed_libraries(), manifest.libraries
        differing = ", ".join(
            f"{name} {there.get(name)} there and {version} here"
            for name, version in here.items()
            if there.get(name) != version
        )
        raise VersionDamaged(
            f"{place}: this machine computes other numbers for the golden rows of {MANIFEST} than "
            f"the one that trained it ({differing or 'with the same libraries'}). "
            f"Do not use it here: install the same libraries, or {RETRAIN}."
        )


def _logits(classifier: Any, texts: Sequence[str]) -> NDArray[Any]:
    return np.asarray(classifier.score(list(texts)).logits)


def _holds_pieces(name: str) -> bool:
    stem, _, suffix = PIECES.partition(".")
    return name.startswith(stem) and name.endswith(f".{suffix}")


def _allowed() -> frozenset[str]:
    return frozenset((*TRUSTED_TYPES, *PACKED_TYPES))


__all__ = [
    "CLASSIFIER",
    "LIMITS",
    "MANIFEST",
    "TAXONOMY",
    "TRUSTED_TYPES",
    "Bundle",
    "BundleLimits",
    "Golden",
    "Manifest",
    "PartRecord",
    "check",
    "load",
    "read_manifest",
    "save",
]
