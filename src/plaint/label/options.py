"""What a user can choose when files are labelled."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from plaint.errors import UsageError

PRIORS: Final = ("training", "benchmark", "estimate")

# These change what a run does, but not one byte of its result.
_NOT_PINNED: Final = ("resume", "max_reject_share")


@dataclass(frozen=True)
class BatchOptions:
    """Options of one run.

    Attributes
    ----------
    text_column, id_column : str or None
        Columns by name; guessed when None, which can end in a question.
    encoding : str or None
        Encoding of the text files, when it should not be found out.
    sheet : str or None
        Sheet of the workbooks.
    language : str or None
        The language of all messages, when it is known.
    prior : {'training', 'benchmark', 'estimate'}
        Shares of the labels that are assumed before reading.
    mask : bool
        Replace personal data in the text column of the output.
    raw : bool
        Write CSV, TSV and Excel cells without the guard against formulas.
    resume : bool
        Go on with a run that was interrupted.
    max_reject_share : float
        Share of the rows that may be unreadable.
    shard_rows, shard_chars : int
        A part is complete when it has one of these.
    batch_rows : int
        Texts that are scored in one call.
    sample_rows : int
        Rows from which shares are estimated, at most.
    seed : int
        Decides which rows are in that sample.
    """

    text_column: str | None = None
    id_column: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    language: str | None = None
    prior: str = "estimate"
    mask: bool = False
    raw: bool = False
    resume: bool = False
    max_reject_share: float = 0.01
    shard_rows: int = 10_000
    shard_chars: int = 8_000_000
    batch_rows: int = 4_000
    sample_rows: int = 50_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.prior not in PRIORS:
            raise UsageError(f"prior is {self.prior!a}: choose one of {', '.join(PRIORS)}")
        if not 0 <= self.max_reject_share <= 1:
            raise UsageError(f"max_reject_share is {self.max_reject_share}: it lies from 0 to 1")
        for name in ("shard_rows", "shard_chars", "batch_rows", "sample_rows"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}: it is at least 1")

    def pinned(self) -> dict[str, Any]:
        """Return the options that a resumed run must share with its beginning."""
        return {name: value for name, value in asdict(self).items() if name not in _NOT_PINNED}
