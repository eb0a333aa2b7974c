"""What commands write with: consoles that no encoding can break, JSON, errors, progress."""

from __future__ import annotations

import errno
import functools
import inspect
import json
import os
import re
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, TypeVar

import typer
from rich.box import Box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from plaint.errors import PlaintError

P = ParamSpec("P")
R = TypeVar("R")

INTERRUPTED: Final = 130
# What shells report of a program that wrote to a pipe nobody reads any more.
BROKEN_PIPE: Final = 141
_WIDTH_OF_FILES: Final = 110
_QUIET_SECONDS: Final = 5.0
# Controls but tab and line feed, and those that turn the direction of writing.
_COMMANDS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

# Consoles of East Asian systems draw box characters two columns wide, so only ASCII is used.
_RULE_BELOW_HEADER: Final = Box(
    "    \n    \n -- \n    \n    \n    \n    \n    \n",
    ascii=True,
)


def prepare_streams() -> None:
    """Make what the encoding of a stream lacks come out as an escape, not as an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def finish(status: Any) -> Any:
    """Flush what was written; a reader that left early is no error worth a traceback."""
    try:
        sys.stdout.flush()
    except OSError:
        # The interpreter flushes once more at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status


def out() -> Console:
    """Return the console of standard output."""
    return _console(stderr=False)


def err() -> Console:
    """Return the console of standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_OF_FILES
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def table(
    *columns: str, title: str = "", numbers: tuple[str, ...] = (), dense: bool = False
) -> Table:
    """Return an empty table; the columns in ``numbers`` are set to the right."""
    made = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=_RULE_BELOW_HEADER,
        show_edge=False,
        pad_edge=False,
        padding=(0, 0 if dense else 2, 0, 0),
        header_style="bold",
    )
    for name in columns:
        made.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return made


def write_json(value: Any) -> None:
    """Write one line of JSON to standard output."""
    sys.stdout.write(_json(value, sys.stdout.encoding) + "\n")


def _json(value: Any, encoding: str | None) -> str:
    # In an encoding that lacks letters, the escapes of JSON itself keep the line readable to it.
    is_wide = (encoding or "").lower().replace("-", "").startswith("utf")
    text = json.dumps(value, ensure_ascii=not is_wide, allow_nan=False)
    # No encoding has a form for a lone surrogate; JSON's escape is the same six characters.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def visible(text: str) -> str:
    """Return a text of the same length without characters that command a terminal.

    Messages come from strangers; an escape sequence in one could hide or forge what is shown.
    """
    return _COMMANDS.sub("?", text)


def note(text: str, style: str = "") -> None:
    """Tell the user something that is no result, on standard error."""
    err().print(Text(text, style=style), soft_wrap=True)


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors that plaint raises on purpose into a line and an exit status.

    Everything unexpected goes on as it is, with its traceback.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        as_json = bool(kwargs.get("as_json"))
        try:
            return command(*args, **kwargs)
        except PlaintError as error:
            _tell(error.code, str(error), as_json)
            raise typer.Exit(error.exit_status) from None
        except KeyboardInterrupt:
            _tell(
                "interrupted", "Stopped. Nothing is half done; run the same command again.", as_json
            )
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            if isinstance(error, BrokenPipeError) or _is_closed_pipe(error):
                raise typer.Exit(BROKEN_PIPE) from None
            place = f" ({error.filename})" if error.filename else ""
            _tell("system", f"{error.strerror or type(error).__name__}{place}.", as_json)
            raise typer.Exit(1) from None

    # typer keeps the line breaks of all paragraphs but the first.
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    run.__doc__ = "\n\n".join(" ".join(one.split()) for one in paragraphs)
    return run


def _is_closed_pipe(error: OSError) -> bool:
    # Windows has no broken pipe; writing to a closed one is an invalid argument without a name.
    return os.name == "nt" and error.errno == errno.EINVAL and error.filename is None


def _tell(code: str, message: str, as_json: bool) -> None:
    if as_json:
        line = _json({"error": {"code": code, "message": message}}, sys.stderr.encoding)
        sys.stderr.write(line + "\n")
    else:
        err().print(Text.assemble(("Error: ", "bold red"), message), soft_wrap=True)


class Meter:
    """Progress on standard error: a bar on a terminal, a line now and then in a file.

    Parameters
    ----------
    quiet : bool
        Write lines to no file; bars are shown all the same, nobody but a person sees them.
    clock : callable
        Seconds that only go forward.
    """

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = err()
        self._quiet = quiet
        self._clock = clock
        self._begun: dict[str, tuple[float, int]] = {}
        self._told = clock()
        self._bar: Progress | None = None
        if self._console.is_terminal:
            self._bar = Progress(
                SpinnerColumn("line"),
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[state]}"),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("Starting", total=None, state="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def steps(self, what: str, done: int, total: int) -> None:
        """Show that one of a known number of steps is done."""
        self._show(f"Training {what}", done, total, f"{done} of {total} steps")

    def rows(self, stage: str, done: int, total: int | None) -> None:
        """Show how many rows are done, and how fast."""
        began, first = self._begun.setdefault(stage, (self._clock(), done))
        seconds = self._clock() - began
        state = f"{done:,} rows" if total is None else f"{done:,} of {total:,} rows"
        if seconds > 0 and done > first:
            state += f", {(done - first) / seconds:,.0f} rows/s"
        self._show(stage.capitalize(), done, total, state)

    def _show(self, what: str, done: int, total: int | None, state: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=what, completed=done, total=total, state=state)
        elif not self._quiet and self._clock() - self._told >= _QUIET_SECONDS:
            self._told = self._clock()
            note(f"{what}: {state}")
