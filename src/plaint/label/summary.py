"""What a run tells when it is done, and while it works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self


class Progress(NamedTuple):
    """How far a run is.

    ``stage`` is ``labelling`` or ``writing``; ``rows`` are done in it, of ``total``, which is None
    as long as nobody knows it. Rows of an earlier, interrupted run count as done.
    """

    stage: str
    rows: int
    total: int | None


@dataclass(frozen=True)
class Summary:
    """A finished run.

    Attributes
    ----------
    output : Path
    rejects_path : Path or None
        Where the rows stand that could not be read, if there are any.
    version : str
        Model version that answered.
    rows, labelled, rejects : int
        Data rows of all inputs, and what became of them.
    text_columns, id_columns : tuple of str or None
        The column that was read and the one that names the rows, for each input.
    duplicates : int
        Rows whose id an earlier row has; they are labelled like all others.
    duplicate_rows : tuple of (str, int)
        Input and row number of the first few of these.
    decisions : list of dict
        For each task how many messages were decided ``auto``, ``review`` and ``abstain``, and of
        how many it was ``not_asked``.
    shares : list of dict
        Estimated shares of the labels, as the model reports them.
    notes : tuple of str
        What a user should know about how the files were read and written.
    reused_parts : int
        Parts that were taken over from the interrupted run.
    seconds : float
        How long this run took.
    """

    output: Path
    rejects_path: Path | None
    version: str
    rows: int
    labelled: int
    rejects: int
    text_columns: tuple[str, ...]
    id_columns: tuple[str | None, ...]
    duplicates: int
    duplicate_rows: tuple[tuple[str, int], ...]
    decisions: list[dict[str, Any]]
    shares: list[dict[str, Any]]
    notes: tuple[str, ...]
    reused_parts: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, without the time and the history of the run."""
        values = dict(vars(self))
        del values["reused_parts"], values["seconds"]
        values["output"] = self.output.name
        values["rejects_path"] = self.rejects_path.name if self.rejects_path else None
        for name in ("text_columns", "id_columns", "notes"):
            values[name] = list(values[name])
        values["duplicate_rows"] = [list(pair) for pair in self.duplicate_rows]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any], directory: Path) -> Self:
        """Make the summary again; the files are those of the directory."""
        values = dict(values)
        values["output"] = directory / values["output"]
        if values["rejects_path"] is not None:
            values["rejects_path"] = directory / values["rejects_path"]
        for name in ("text_columns", "id_columns", "notes"):
            values[name] = tuple(values[name])
        values["duplicate_rows"] = tuple((str(a), int(b)) for a, b in values["duplicate_rows"])
        return cls(**values)
