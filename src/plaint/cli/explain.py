"""``plaint explain``: the words that decided, shown in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from plaint.cli._console import guarded, out, visible, write_json
from plaint.cli._options import (
    AsJson,
    LanguageOption,
    Models,
    Prior,
    PriorOption,
    Version,
    labeller_of,
)
from plaint.errors import UsageError

if TYPE_CHECKING:
    from plaint.model.explain import Explanation

_SHOWN = 6
# A word is marked if it weighs at least this much of the weightiest one.
_MARKED_FROM = 0.25
_DIGITS = 5


@guarded
def explain(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The message.")],
    task: Annotated[
        str | None, typer.Option(metavar="TASK", help="Task to explain; all of them by default.")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="Label to explain instead of the answer; needs --task."),
    ] = None,
    language: LanguageOption = None,
    prior: PriorOption = Prior.BENCHMARK,
    models: Models = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Show which words speak for and against an answer.

    The score of a label is a base and a weight per word, added up exactly: nothing is
    approximated. On a terminal words are coloured, green for and red against; elsewhere the words
    that speak for the label stand in [brackets].
    """
    from plaint.model.explain import explain as take_apart

    if label is not None and task is None:
        raise UsageError("--label needs --task: name the task that the label belongs to.")
    labeller = labeller_of(models, version, None)
    taxonomy = labeller.answerer.taxonomy
    code = None if language is None else language.value
    [answer] = labeller.predictions([text], prior=prior.value, language=code)
    asked = (taxonomy.task(task).id,) if task is not None else labeller.tasks
    if task is not None and label is not None:
        labels = {task: taxonomy.task(task).label(label).id}
    else:
        labels = {name: answer[name]["label"] for name in asked if answer[name]["label"]}
    if not labels:
        raise UsageError(
            f"There is no answer to explain: {answer[asked[0]]['reason']}. Name a label with "
            "--task and --label, or the language with --language."
        )
    found = take_apart(labeller.classifier, text, labels, code or answer["language"])
    if as_json:
        write_json(
            {
                "language": answer["language"],
                "explanations": {name: _plain(one, text) for name, one in found.items()},
                "version": labeller.version,
            }
        )
        return
    for name, one in found.items():
        _show(one, visible(text), answer[name] if label is None else None)
    out().print(f"Language: {answer['language']}. Version: {labeller.version}.")


def _plain(found: Explanation, text: str) -> dict[str, Any]:
    return {
        "label": found.label,
        "score": round(found.score, _DIGITS),
        "base": round(found.base, _DIGITS),
        "spans": [
            {
                "start": span.start,
                "end": span.end,
                "text": text[span.start : span.end],
                "weight": round(span.weight, _DIGITS),
            }
            for span in found.spans
        ],
    }


def _show(found: Explanation, text: str, answer: dict[str, Any] | None) -> None:
    console = out()
    sure = ""
    if answer is not None and answer["probability"] is not None:
        sure = f" (probability {answer['probability']:.2f}, {answer['decision'] or 'not asked'})"
    console.print(Text.assemble((f"{found.task}: {found.label}", "bold"), sure))
    console.print(marked(found, text, colours=console.is_terminal))
    ranked = sorted(found.spans, key=lambda span: -span.weight)
    parts = [
        ("for", [span for span in ranked[:_SHOWN] if span.weight > 0]),
        ("against", [span for span in reversed(ranked[-_SHOWN:]) if span.weight < 0]),
    ]
    for side, spans in parts:
        listed = ", ".join(
            f"{' '.join(text[span.start : span.end].split())} {span.weight:+.2f}" for span in spans
        )
        console.print(f"  {side + ':':<9}{listed or '-'}")
    console.print(f"  {'score:':<9}{found.score:+.2f}, of it {found.base:+.2f} without any word\n")


def marked(found: Explanation, text: str, *, colours: bool) -> Text:
    """Return the text with its weightiest words marked."""
    weights = [abs(span.weight) for span in found.spans]
    least = max(weights, default=0.0) * _MARKED_FROM
    made = Text()
    place = 0
    for span in found.spans:
        if abs(span.weight) < least or span.weight == 0 or span.start < place:
            continue
        made.append(text[place : span.start])
        word = text[span.start : span.end]
        if colours:
            made.append(word, "bold green" if span.weight > 0 else "red")
        else:
            made.append(f"[{word}]" if span.weight > 0 else word)
        place = span.end
    made.append(text[place:])
    return made
