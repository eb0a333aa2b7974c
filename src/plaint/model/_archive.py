"""One skops archive: always the same bytes for the same state, and nothing unexpected inside.

skops names array files after memory addresses and byte files at random, and stamps them with
the time. Here everything is numbered in order of appearance instead. skops also trusts every
scikit-learn estimator and several kinds of callables by default; a version needs none of them,
so the schema is checked against a much shorter list before skops sees it.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

_SCHEMA: Final = "schema.json"
_MAX_SCHEMA_BYTES: Final = 16 << 20
_MAX_NODES: Final = 200_000

# The skops protocol of the first version format; its older readers are not needed.
_MIN_PROTOCOL: Final = 2

# What each kind of node may be. Objects have the caller's list.
_OBJECT: Final = "ObjectNode"
_ARRAY: Final = "NdArrayNode"
_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "DictNode": frozenset({"builtins.dict"}),
    "JsonNode": frozenset({"builtins.str"}),
    "ListNode": frozenset({"builtins.list"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "TypeNode": frozenset({"builtins.int", "builtins.str"}),
    _ARRAY: frozenset(
        {"numpy.ndarray", "numpy.bool"}
        | {f"numpy.float{bits}" for bits in (16, 32, 64)}
        | {f"numpy.{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
    ),
}
_FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    "DictNode": {"content": dict, "key_types": dict},
    "JsonNode": {"content": str, "is_json": bool},
    "ListNode": {"content": list},
    "TupleNode": {"content": list},
    "TypeNode": {},
    _ARRAY: {"type": str, "file": str},
    _OBJECT: {"content": dict},
}
_COMMON: Final = {"__class__", "__module__", "__loader__", "__id__"}
_ROOT: Final = {"protocol", "_skops_version"}
# Values without an identity of their own: whether two of them are one object in memory is an
# accident of the run that made them.
_PLAIN: Final = ("JsonNode", "TypeNode")
_ARRAY_NAME: Final = re.compile(r"[1-9][0-9]{0,6}\.npy")
_ARRAY_KINDS: Final = "biufU"
_HEADER_BYTES: Final = 12_000


class RefusedError(ValueError):
    """What is in an archive, or should go into one, is not allowed; the text says what."""


def dumps(value: Any, trusted: Collection[str]) -> bytes:
    """Return the archive of a value; the same state gives the same bytes.

    Raises
    ------
    RefusedError
        When the value holds something that `loads` would refuse.
    """
    # Imported late: it loads all of scikit-learn, which listing versions does not need.
    import skops.io

    try:
        raw = skops.io.dumps(value)
    except Exception as error:
        raise RefusedError(f"skops cannot write it: {error}") from error
    data = _canonical(raw, trusted)
    _audit(data, trusted)
    return data


def loads(data: bytes, trusted: Collection[str]) -> Any:
    """Return the value of an archive after all of it was checked.

    Raises
    ------
    RefusedError
        When the archive is none, is damaged or holds a type that is not trusted.
    """
    import skops.io

    try:
        _audit(data, trusted)
        return skops.io.loads(data, trusted=sorted(trusted))
    except RefusedError:
        raise
    # Hostile bytes make the parsers below raise whatever they like, MemoryError included.
    except Exception as error:
        raise RefusedError(f"it cannot be read ({type(error).__name__})") from error


def _canonical(raw: bytes, trusted: Collection[str]) -> bytes:
    with ZipFile(io.BytesIO(raw)) as source:
        schema = json.loads(source.read(_SCHEMA))
        schema.pop("_skops_version", None)
        numbers: dict[int, int] = {}
        names: dict[str, str] = {}
        for node in _nodes(schema, trusted):
            address = node.pop("__id__")
            if node["__loader__"] not in _PLAIN:
                node["__id__"] = numbers.setdefault(address, len(numbers) + 1)
            if node["__loader__"] == _ARRAY:
                file = node["file"]
                node["file"] = names.setdefault(file, f"{len(names) + 1}.npy")
        text = json.dumps(schema, separators=(",", ":"))
        target = io.BytesIO()
        with ZipFile(target, "w", ZIP_STORED) as archive:
            archive.writestr(_entry(_SCHEMA), text)
            for old, new in names.items():
                archive.writestr(_entry(new), source.read(old))
    return target.getvalue()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    # Otherwise Windows and the rest of the world write different bytes.
    entry.create_system = 3
    entry.external_attr = 0o600 << 16
    return entry


def _audit(data: bytes, trusted: Collection[str]) -> None:
    """Check everything that skops would act on, without making a single object of it."""
    with ZipFile(io.BytesIO(data)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if len(entries) != len(archive.infolist()):
            raise RefusedError("it holds two members of one name")
        # Stored members cannot expand, and together cannot be larger than the file.
        if any(entry.compress_type != ZIP_STORED for entry in entries.values()):
            raise RefusedError("it holds a compressed member")
        if sum(entry.file_size for entry in entries.values()) > len(data):
            raise RefusedError("its members overlap")
        if _SCHEMA not in entries or entries[_SCHEMA].file_size > _MAX_SCHEMA_BYTES:
            raise RefusedError(f"{_SCHEMA} is missing or too large")
        schema = json.loads(archive.read(_SCHEMA))
        files = {node["file"] for node in _nodes(schema, trusted) if node["__loader__"] == _ARRAY}
        if {_SCHEMA, *files} != set(entries):
            raise RefusedError("its schema and its members do not fit together")
        for name in files:
            with archive.open(name) as stream:
                _check_array(stream.read(_HEADER_BYTES), entries[name].file_size)


def _nodes(schema: Any, trusted: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield every node of a schema; each was checked before it comes.

    A type that is not allowed stops the walk at its end, so that the message names all of them.
    """
    if not isinstance(schema, dict):
        raise RefusedError("its schema is not a table")
    protocol = schema.get("protocol")
    if type(protocol) is not int or protocol < _MIN_PROTOCOL:
        raise RefusedError("its skops protocol is none that plaint writes")
    if schema.get("__loader__") != _OBJECT:
        raise RefusedError("it does not hold one object")
    untrusted: set[str] = set()
    stack: list[Any] = [schema]
    count = 0
    while stack:
        node = stack.pop()
        count += 1
        if count > _MAX_NODES:
            raise RefusedError(f"it holds more than {_MAX_NODES} nodes")
        if not isinstance(node, dict):
            raise RefusedError("its schema holds something that is no node")
        loader = node.get("__loader__")
        found = _found(node)
        if not isinstance(loader, str) or loader not in _FIELDS:
            untrusted.add(found)
            continue
        if found not in (trusted if loader == _OBJECT else _TYPES[loader]):
            untrusted.add(found)
        _check_fields(node, loader, is_root=node is schema)
        yield node
        stack.extend(reversed(_children(node, loader)))
    if untrusted:
        listed = ", ".join(sorted(untrusted)[:10])
        raise RefusedError(f"it holds types that are not allowed: {listed}")


def _found(node: Mapping[str, Any]) -> str:
    """Name what a node stands for; a callable is told by its loader."""
    name = ascii(f"{node.get('__module__')}.{node.get('__class__')}")[1:-1][:100]
    loader = str(node.get("__loader__"))
    return name if loader in _FIELDS else f"{name} ({ascii(loader)[1:-1][:40]})"


def _check_fields(node: Mapping[str, Any], loader: str, *, is_root: bool) -> None:
    fields = _FIELDS[loader]
    present = set(node) - _COMMON - (_ROOT if is_root else set())
    fits = present == set(fields) and all(
        isinstance(node[name], kind) for name, kind in fields.items()
    )
    if loader == _ARRAY:
        # An array of type "json" would be a list of objects.
        fits = fits and node["type"] == "numpy"
    if not fits or not isinstance(node.get("__id__", 0), int):
        raise RefusedError(f"its {loader} has other fields than skops writes")


def _children(node: Mapping[str, Any], loader: str) -> list[Any]:
    if loader == "DictNode":
        return [node["key_types"], *node["content"].values()]
    if loader in ("ListNode", "TupleNode"):
        return list(node["content"])
    return [node["content"]] if loader == _OBJECT else []


def _check_array(head: bytes, size: int) -> None:
    """Refuse an array whose header asks for other memory than the file brings."""
    stream = io.BytesIO(head)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise RefusedError("it holds an array of an unknown layout")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    wanted = math.prod(shape) * dtype.itemsize
    if dtype.kind not in _ARRAY_KINDS or wanted != size - stream.tell():
        raise RefusedError("it holds an array whose header does not fit its size")
