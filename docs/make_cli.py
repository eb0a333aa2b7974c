"""Write ``docs/cli.md`` from the commands themselves.

Run it as ``python docs/make_cli.py`` after a change; a test compares the page.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.models import ArgumentInfo

from plaint.cli.app import app

PAGE = Path(__file__).resolve().parent / "cli.md"

_HEAD = """# Commands

Written by `python docs/make_cli.py` from what `--help` shows; change the commands, not this page.

Results go to standard output, progress, notes and errors to standard error. With `--json` an error
is one line `{"error": {"code": ..., "message": ...}}` on standard error; the codes are those of
`src/plaint/errors.py`.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | the system refused, such as a full disk |
| 2 | the request is wrong: an option, a column, a name |
| 3 | an input cannot be used: a file, an encoding, labelled data |
| 4 | a version is missing, damaged or made by other software versions |
| 5 | a long run could not be finished |
| 130 | stopped by the user |
| 141 | nobody read the output any more, as behind `head` |
"""


def page() -> str:
    """Return the whole page."""
    return _HEAD + "".join(_command(name, found) for name, found in commands(app, "plaint"))


def commands(group: typer.Typer, path: str) -> Iterator[tuple[str, Callable[..., None]]]:
    """Give the function of every command below a group with the command's full name."""
    for one in group.registered_commands:
        if one.callback is not None:
            yield f"{path} {one.name or one.callback.__name__}", one.callback
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            yield from commands(inner.typer_instance, f"{path} {inner.name}")


def options(command: Callable[..., None]) -> Iterator[tuple[str, Any, Any, Any]]:
    """Give name, type, what typer is told and default of every parameter of a command."""
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind, info = get_args(hints[name])
        yield name, kind, info, parameter.default


def _command(name: str, command: Callable[..., None]) -> str:
    rows = [_row(*one) for one in options(command)]
    arguments = [info.metavar for _, _, info, _ in options(command) if _is_argument(info)]
    return (
        f"\n## {name}\n\n{command.__doc__}\n\n```\n{' '.join([name, *arguments, '[OPTIONS]'])}\n"
        "```\n\n| | default | |\n|---|---|---|\n" + "".join(rows)
    )


def _row(name: str, kind: Any, info: Any, default: Any) -> str:
    if _is_argument(info):
        shown = info.metavar.strip("[]")
    else:
        shown = ", ".join(_names(name, info))
        kinds = [one for one in (kind, *get_args(kind)) if isinstance(one, type)]
        choices = [one for one in kinds if issubclass(one, StrEnum)]
        if choices:
            shown += " " + "\\|".join(choices[0])
        elif bool not in kinds:
            shown += " " + (info.metavar or "NUMBER")
    value = "required" if default is inspect.Parameter.empty else _default(default)
    return f"| `{shown}` | {value} | {info.help} |\n"


def _names(name: str, info: Any) -> list[str]:
    # The first name stands where typer.Option has its default; typer moves it when it runs.
    given = [info.default, *(info.param_decls or ())]
    names = [one for one in given if isinstance(one, str) and one.startswith("-")]
    return [part for one in names for part in one.split("/")] or [f"--{name.replace('_', '-')}"]


def _is_argument(info: Any) -> bool:
    return isinstance(info, ArgumentInfo)


def _default(value: Any) -> str:
    return "" if value is None or value is False or value == "" else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
