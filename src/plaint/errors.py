"""Every error that plaint raises on purpose.

::

    PlaintError                        1
    ├── UsageError                     2   the request itself is wrong: an option, a column, a name
    ├── InputError                     3   what was given cannot be used
    │   ├── EncodingUnclear                the bytes fit several encodings about equally well
    │   ├── TableError                     a file is not the table that it should be
    │   ├── LimitExceeded                  a file, a cell or a text is larger than allowed
    │   ├── TaxonomyError                  the taxonomy contradicts itself
    │   └── CorpusError                    labelled data does not fit the taxonomy
    ├── VersionError                   4   a trained model on disk
    │   ├── VersionNotFound                no version has this name
    │   ├── VersionDamaged                 bytes differ from those that were written
    │   └── VersionIncompatible            written by other software versions
    ├── JobError                       5   a long run could not be finished
    │   ├── JobMismatch                    resumed with another input, model or option
    │   └── TooManyRejects                 more rows were unreadable than allowed
    └── JobInterrupted               130   stopped by the user; can be resumed

The number is the exit status of the command line. ``code`` is a stable name for programs; it is
part of the public interface and never changes its meaning. A message says what was asked, what
was found and what to do next, and quotes no complaint.
"""

from __future__ import annotations

from typing import Any, ClassVar


class PlaintError(Exception):
    """Root of all errors that plaint raises on purpose."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1


class UsageError(PlaintError):
    """The request itself is wrong: an option, a column or a name."""

    code = "usage"
    exit_status = 2


class InputError(PlaintError):
    """What was given cannot be used."""

    code = "input"
    exit_status = 3


class EncodingUnclear(InputError):
    """The bytes of a file fit several encodings about equally well.

    ``ranking`` holds the candidates as `plaint.tables.encodings.Guess`, the best first; it is
    empty when there is nothing to choose from.
    """

    code = "encoding-unclear"
    # Any: this floor cannot name what the tables above it put in.
    ranking: tuple[Any, ...] = ()


class TableError(InputError):
    """A file is not the table that it should be."""

    code = "table"


class LimitExceeded(InputError):
    """A file, a cell or a text is larger than allowed."""

    code = "limit-exceeded"


class TaxonomyError(InputError):
    """The taxonomy contradicts itself."""

    code = "taxonomy"


class CorpusError(InputError):
    """Labelled data does not fit the taxonomy."""

    code = "corpus"


class VersionError(PlaintError):
    """A trained model on disk cannot be used."""

    code = "version"
    exit_status = 4


class VersionNotFound(VersionError):
    """No version has this name."""

    code = "version-not-found"


class VersionDamaged(VersionError):
    """The bytes of a version differ from those that were written."""

    code = "version-damaged"


class VersionIncompatible(VersionError):
    """A version was written by other software versions than those installed."""

    code = "version-incompatible"


class JobError(PlaintError):
    """A long run could not be finished."""

    code = "job"
    exit_status = 5


class JobMismatch(JobError):
    """A run was resumed with another input, model or option."""

    code = "job-mismatch"


class TooManyRejects(JobError):
    """More rows were unreadable than the limit allows."""

    code = "too-many-rejects"


class JobInterrupted(PlaintError):
    """A run was stopped by the user and can be resumed."""

    code = "interrupted"
    exit_status = 130
