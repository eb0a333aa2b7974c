"""What of an estimator's state is not left to skops: bytes, large dicts and arrays of strings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plaint.model._archive import RefusedError

PIECES: Final = "pieces.model"


@dataclass(frozen=True)
class Part:
    """Stands where the content of another file of the version belongs."""

    name: str


@dataclass(frozen=True)
class Strings:
    """An array of strings as one run of UTF-8; skops would make an object of each of them.

    Attributes
    ----------
    data : ndarray of shape (n_bytes,), dtype uint8
        All strings in a row.
    lengths : ndarray of shape (n_strings,), dtype uint32
        Characters of each.
    """

    data: NDArray[np.uint8]
    lengths: NDArray[np.uint32]

    @classmethod
    def pack(cls, values: list[str]) -> Strings:
        """Put strings in a row."""
        data = "".join(values).encode("utf-8", "surrogatepass")
        lengths = np.fromiter(map(len, values), dtype=np.uint32, count=len(values))
        return cls(np.frombuffer(data, dtype=np.uint8), lengths)

    def unpack(self) -> NDArray[np.object_]:
        """Return the array of shape (n_strings,), dtype object."""
        text = self.data.tobytes().decode("utf-8", "surrogatepass")
        ends = np.cumsum(self.lengths, dtype=np.int64).tolist()
        if (ends[-1] if ends else 0) != len(text):
            raise RefusedError("it holds strings whose lengths do not fit")
        values = np.empty(len(ends), dtype=object)
        values[:] = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return values


PACKED_TYPES: Final = tuple(f"{kind.__module__}.{kind.__name__}" for kind in (Part, Strings))


def type_name(value: object) -> str:
    """Return module and class of an object, as the allow-list writes them."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


class Packer:
    """Copies a state for skops and keeps what was taken out of it in ``parts``."""

    def __init__(self, trusted: Collection[str], parts: Mapping[str, object]) -> None:
        self.parts: dict[str, bytes] = {}
        self._trusted = trusted
        self._given = [(value, name) for name, value in parts.items()]
        # Holds the originals too: an address is a name only as long as its object lives.
        self._done: dict[int, tuple[object, Any]] = {}

    def pack(self, value: Any) -> Any:
        """Return a copy of the value; what was one object before is one object after."""
        for given, name in self._given:
            if value is given:
                return Part(name)
        if value is None or isinstance(value, str | int | float):
            return value
        if isinstance(value, bytes):
            return Part(self._part(value))
        if id(value) not in self._done:
            self._done[id(value)] = (value, self._copy(value))
        return self._done[id(value)][1]

    def _copy(self, value: Any) -> Any:
        if type(value) is dict:
            return {key: self.pack(item) for key, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.pack(item) for item in value)
        if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
            strings = value.tolist()
            if all(type(item) is str for item in strings):
                return Strings.pack(strings)
        if type_name(value) not in self._trusted:
            return value
        state = value.__getstate__()
        if not isinstance(state, dict):
            raise RefusedError(f"{type_name(value)} has __slots__ or no attributes")
        copy = object.__new__(type(value))
        copy.__dict__.update({name: self.pack(item) for name, item in state.items()})
        return copy

    def _part(self, content: bytes) -> str:
        for name, known in self.parts.items():
            if known == content:
                return name
        stem, _, suffix = PIECES.partition(".")
        name = PIECES if not self.parts else f"{stem}-{len(self.parts) + 1}.{suffix}"
        self.parts[name] = content
        return name


def unpack(value: Any, parts: Mapping[str, Any], trusted: Collection[str]) -> Any:
    """Put everything back in place, inside the loaded objects.

    Raises
    ------
    RefusedError
        When something asked for is not there, or is not what it should be.
    """
    done: dict[int, tuple[object, Any]] = {}

    def restore(item: Any) -> Any:
        if id(item) not in done:
            # An object that holds itself meets itself here.
            done[id(item)] = (item, item)
            done[id(item)] = (item, restored(item))
        return done[id(item)][1]

    def restored(item: Any) -> Any:
        if isinstance(item, Part):
            if item.name not in parts:
                raise RefusedError("it asks for a part that the version does not have")
            return parts[item.name]
        if isinstance(item, Strings):
            return item.unpack()
        if isinstance(item, dict):
            for key in item:
                item[key] = restore(item[key])
        elif isinstance(item, list):
            item[:] = [restore(entry) for entry in item]
        elif isinstance(item, tuple):
            return tuple(restore(entry) for entry in item)
        elif type_name(item) in trusted:
            item.__dict__.update({name: restore(entry) for name, entry in vars(item).items()})
        return item

    try:
        return restore(value)
    except RefusedError:
        raise
    except (AttributeError, TypeError, ValueError) as error:
        raise RefusedError("its contents do not fit together") from error
