"""Settings: environment over file over default, read once.

Every setting is one row of ``SETTINGS`` and one field of ``Settings``. The environment variable
of a setting is ``PLAINT_`` and its name in capitals; the file is ``plaint.toml`` in the working
directory, or the one that ``PLAINT_CONFIG`` names.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from plaint.errors import UsageError

PREFIX = "PLAINT_"
CONFIG_VARIABLE = "PLAINT_CONFIG"
CONFIG_NAME = "plaint.toml"


class Kind(Protocol):
    """What values a setting takes: ``cast`` raises ValueError for any other."""

    @property
    def allowed(self) -> str:
        """What is allowed, as the end of a sentence."""

    def cast(self, value: object, base: Path) -> object:
        """Turn text of the environment or a value of the file into the value in use."""


@dataclass(frozen=True)
class Location:
    """A path; a relative one counts from the working directory, or from the file it stands in."""

    empty: str = ""

    @property
    def allowed(self) -> str:
        """A path, or nothing where ``empty`` says what that means."""
        return f"a path, or nothing for {self.empty}" if self.empty else "a path"

    def cast(self, value: object, base: Path) -> Path | None:
        """Join the path to its base; an embedded NUL is refused."""
        if not isinstance(value, str) or "\0" in value or (not value and not self.empty):
            raise ValueError
        return base / value if value else None


@dataclass(frozen=True)
class Whole:
    """A whole number with a lower bound."""

    minimum: int

    @property
    def allowed(self) -> str:
        """The bound in words."""
        return f"a whole number, {self.minimum} or more"

    def cast(self, value: object, base: Path) -> int:
        """Accept an integer or its ASCII digits."""
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if type(value) is not int or value < self.minimum:
            raise ValueError
        return value


@dataclass(frozen=True)
class Proportion:
    """A number from one bound up to another, which it does not reach."""

    minimum: float
    below: float

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        return f"a number, {self.minimum:g} or more and below {self.below:g}"

    def cast(self, value: object, base: Path) -> float:
        """Accept a number or its text."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        number = float(value)
        if not self.minimum <= number < self.below:
            raise ValueError
        return number


@dataclass(frozen=True)
class Setting:
    """One setting; the default is written as it would stand in the file."""

    name: str
    default: str | int | float
    kind: Kind
    help: str
    secret: bool = False

    @property
    def variable(self) -> str:
        """Name of its environment variable."""
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("models", "models", Location(), "Directory of the trained versions."),
    Setting(
        "taxonomy",
        "",
        Location(empty="the shipped one"),
        "File with the tasks and labels that training uses.",
    ),
    Setting("threads", 0, Whole(0), "Fits that training runs at a time; 0 for one per core."),
    Setting(
        "precision",
        0.9,
        Proportion(0.5, 1),
        "Share of right answers that the decision `auto` aims at.",
    ),
)


@dataclass(frozen=True, repr=False)
class Settings:
    """The values in use; made by `load_settings` and passed on, never read again."""

    models: Path
    taxonomy: Path | None
    threads: int
    precision: float

    def __repr__(self) -> str:
        shown = (
            f"{setting.name}={'***' if setting.secret else repr(getattr(self, setting.name))}"
            for setting in SETTINGS
        )
        return f"Settings({', '.join(shown)})"


def load_settings(
    environ: Mapping[str, str] | None = None, directory: str | Path | None = None
) -> Settings:
    """Read the settings from the environment, the file and the defaults, in this order.

    Parameters
    ----------
    environ : mapping, optional
        The environment; that of the process by default.
    directory : path, optional
        Where the file is looked for; the working directory by default.

    Raises
    ------
    UsageError
        For an unknown name, a value that is not allowed or a file that cannot be read.
    """
    environ = os.environ if environ is None else environ
    working = Path.cwd() if directory is None else Path(directory)
    file = _config_file(environ, working)
    written = {} if file is None else _read(file)

    variables = {setting.variable for setting in SETTINGS} | {CONFIG_VARIABLE}
    given = {name for name in environ if name.startswith(PREFIX)}
    _refuse_unknown(given, variables, "the environment")
    _refuse_unknown(set(written), {setting.name for setting in SETTINGS}, str(file))

    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value: object = setting.default
        base, origin = working, f"the default of {setting.name}"
        if setting.variable in environ:
            value, origin = environ[setting.variable], f"the variable {setting.variable}"
        elif file is not None and setting.name in written:
            value, base, origin = written[setting.name], file.parent, f"{setting.name} in {file}"
        try:
            values[setting.name] = setting.kind.cast(value, base)
        except (ValueError, OverflowError):
            found = "a value not shown here" if setting.secret else repr(value)
            raise UsageError(
                f"Setting {setting.name!r} must be {setting.kind.allowed}, found {found}. "
                f"Correct {origin}."
            ) from None
    return Settings(**values)


def _config_file(environ: Mapping[str, str], working: Path) -> Path | None:
    named = environ.get(CONFIG_VARIABLE)
    if named is None:
        usual = working / CONFIG_NAME
        return usual if usual.exists() else None
    file = working / named
    if not named or not file.is_file():
        raise UsageError(
            f"{CONFIG_VARIABLE} must name a settings file, found {named!r}, which is none. "
            f"Correct it, or unset it to use {CONFIG_NAME} in the working directory."
        )
    return file


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(
            f"The settings file {file} cannot be read ({error.strerror}). "
            f"Make it readable, or name another in {CONFIG_VARIABLE}."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        # The parser's own message can quote the file, which may hold secrets.
        raise UsageError(
            f"The settings file {file} is no TOML file in UTF-8. Write lines like: threads = 2"
        ) from None


def _refuse_unknown(found: set[str], known: set[str], place: str) -> None:
    unknown = sorted(found - known)
    if not unknown:
        return
    hints = []
    for name in unknown:
        near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.0)
        hints.append(f"{name} (nearest known: {near[0]})")
    raise UsageError(
        f"There is no such setting in {place}: {', '.join(hints)}. Correct or remove it."
    )
