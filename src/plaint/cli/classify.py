"""``plaint classify``: one message, or a line each."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from unicodedata import normalize

import typer
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from plaint.cli._console import guarded, note, out, table, visible, write_json
from plaint.cli._options import (
    AsJson,
    LanguageOption,
    Models,
    Precision,
    Prior,
    PriorOption,
    Version,
    labeller_of,
)
from plaint.errors import InputError, UsageError

if TYPE_CHECKING:
    from plaint.label.labeller import Labeller

LEGEND = "* should be reviewed, ? is too uncertain to use, - is no answer."
_CHUNK_BYTES = 1 << 16
_MOST_LINE_CHARS = 1_000_000
_STYLES = {"auto": "green", "review": "yellow", "abstain": "red"}
_SHOWN_WORDS = 3
_SHOWN_COLUMNS = 26


@guarded
def classify(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEXT]", help="The message; without it, a message per line is read from stdin."
        ),
    ] = None,
    language: LanguageOption = None,
    prior: PriorOption = Prior.BENCHMARK,
    precision: Precision = None,
    name: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Name of the message, to find the answer by."),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Encoding of stdin; by default that of the console."),
    ] = None,
    evidence: Annotated[
        bool, typer.Option("--explain", help="Add the words that speak most for each answer.")
    ] = False,
    models: Models = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Classify a message, or a message per line of standard input.

    With --json every message gives one line of JSON, in the order of the messages; lines of
    standard input have their number as id.
    """
    code = None if language is None else language.value
    predict = partial(_predict, prior=prior.value, language=code, evidence=evidence)
    if text is not None and text != "-":
        labeller = labeller_of(models, version, precision)
        [answer] = predict(labeller, [text], [name])
        if as_json:
            write_json(answer)
        else:
            _show_one(answer, text, labeller)
        return
    if name is not None:
        raise UsageError("--id names one message: give its TEXT, or leave --id out.")
    if sys.stdin.isatty():
        note("A message per line; end with Ctrl-D, on Windows with Ctrl-Z and Enter.")
    labeller = labeller_of(models, version, precision)
    batches = read_lines(encoding)
    if not as_json or prior is Prior.ESTIMATE:
        # An estimate needs all messages, and so does the width of a table's columns.
        batches = iter([[line for batch in batches for line in batch]])
    number = 0
    for lines in batches:
        ids = [str(number + place) for place in range(1, len(lines) + 1)]
        number += len(lines)
        answers = predict(labeller, lines, ids)
        if as_json:
            for answer in answers:
                write_json(answer)
            sys.stdout.flush()
        else:
            _show_many(answers, lines, labeller)


def _predict(
    labeller: Labeller,
    texts: list[str],
    names: Sequence[str | None],
    *,
    prior: str,
    language: str | None,
    evidence: bool,
) -> list[dict[str, Any]]:
    return labeller.predictions(texts, names, prior=prior, language=language, evidence=evidence)


def read_lines(encoding: str | None) -> Iterator[list[str]]:
    """Give the lines of standard input as they come, so that a program can wait for each answer.

    Raises
    ------
    UsageError
        If there is no such encoding.
    InputError
        If a line has bytes that the encoding has not, or does not end.
    """
    name = encoding or sys.stdin.encoding or "utf-8"
    try:
        # Windows programs put a byte order mark in front.
        plain = codecs.lookup(name).name
        # Some codecs of Python, as base64, make bytes of bytes; they encode no text.
        "".encode(plain)
        decode = codecs.getincrementaldecoder("utf-8-sig" if plain == "utf-8" else plain)().decode
    except LookupError:
        raise UsageError(
            f"There is no encoding {name!a}; give one such as utf-8, cp932, cp949 or gb18030."
        ) from None
    stream = sys.stdin.buffer
    read = getattr(stream, "read1", stream.read)
    done, rest, is_last = 0, "", False
    while not is_last:
        data = read(_CHUNK_BYTES)
        is_last = not data
        try:
            rest += decode(data, is_last)
        except UnicodeDecodeError:
            raise InputError(
                f"Standard input is not in {name}, from line {done + 1} on or soon after. Name its "
                "encoding with --encoding."
            ) from None
        *lines, rest = rest.split("\n")
        if len(rest) > _MOST_LINE_CHARS:
            raise InputError(
                f"Line {done + len(lines) + 1} of standard input has more than "
                f"{_MOST_LINE_CHARS:,} characters: give one message per line."
            )
        if is_last and rest:
            lines.append(rest)
        if lines:
            done += len(lines)
            yield [line.removesuffix("\r") for line in lines]


def _show_one(answer: dict[str, Any], text: str, labeller: Labeller) -> None:
    console = out()
    evidence = answer.get("evidence")
    columns = ["task", "label", "probability", "decision", "reason"]
    if evidence is not None:
        columns.insert(4, "words")
    made = table(*columns, numbers=("probability",))
    for task in labeller.tasks:
        found = answer[task]
        cells: list[str | Text] = [
            task,
            found["label"] or "-",
            "" if found["probability"] is None else f"{found['probability']:.2f}",
            _decision(found["decision"]),
            # What is sure enough needs no words.
            "" if found["decision"] == "auto" else found["reason"],
        ]
        if evidence is not None:
            cells.insert(4, words(text, evidence.get(task, [])))
        made.add_row(*cells)
    console.print(made)
    warnings = f" Warnings: {', '.join(answer['warnings'])}." if answer["warnings"] else ""
    console.print(f"\nLanguage: {answer['language']}. Version: {answer['version']}.{warnings}")


def _show_many(answers: list[dict[str, Any]], lines: list[str], labeller: Labeller) -> None:
    if not answers:
        return
    show_messages(answers, lines, labeller.tasks)
    out().print(
        f"\n{LEGEND} Probabilities and reasons: --json. Version: {labeller.version}.",
        soft_wrap=True,
    )


def show_messages(
    answers: list[dict[str, Any]],
    texts: list[str],
    tasks: tuple[str, ...],
    title: str = "",
) -> None:
    """Print a table with a row per message and a column per task."""
    # Names of tasks are the widest cells, and break where they may.
    heads = ["message", "language", *(task.replace("_", "\n") for task in tasks)]
    made = table(*heads, title=title, dense=True)
    made.columns[0].no_wrap = True
    for answer, text in zip(answers, texts, strict=True):
        made.add_row(
            shortened(text), answer["language"], *(_marked(answer[task]) for task in tasks)
        )
    out().print(made)


def shortened(text: str, columns: int = _SHOWN_COLUMNS) -> str:
    """Return the beginning of a text on one line, that fills no more than some columns."""
    # Composed, because a syllable that is cut between its letters cannot be read.
    flat = visible(" ".join(normalize("NFC", text[: 4 * columns]).split()))
    return flat if cell_len(flat) <= columns else set_cell_size(flat, columns - 2).rstrip() + ".."


def words(text: str, spans: list[dict[str, Any]]) -> str:
    """Return the strongest few words among the spans of a prediction."""
    found = (visible(text[span["start"] : span["end"]].strip()) for span in spans)
    return " / ".join([word for word in dict.fromkeys(found) if word][:_SHOWN_WORDS])


def _marked(found: dict[str, Any]) -> Text:
    sign = {"review": "*", "abstain": "?"}.get(found["decision"], "")
    return Text((found["label"] or "-") + sign, style=_STYLES.get(found["decision"], ""))


def _decision(word: str | None) -> Text:
    return Text(word or "-", style=_STYLES.get(word or "", ""))
