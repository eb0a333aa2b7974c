"""The commands of the README are understood, and its Python runs."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer.main

from plaint.cli.app import app
from plaint.model.scores import Flag

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/data-formats.md", "data/README.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, *languages: str) -> list[str]:
    pattern = rf"^```(?:{'|'.join(languages)})\n(.*?)^```$"
    return re.findall(pattern, text, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        lines = [
            line for block in blocks(text, "sh", "bash", "console") for line in block.splitlines()
        ]
        lines += re.findall(r"`(plaint [a-z][^`]*)`", text)
        found += [line.removeprefix("$ ").removeprefix(".venv/bin/") for line in lines]
    return list(dict.fromkeys(line for line in found if line.startswith("plaint ")))


def test_commands_are_found() -> None:
    assert len(commands()) > 12


@pytest.mark.parametrize("line", commands())
def test_a_command_is_understood(line: str) -> None:
    words = shlex.split(line, comments=True)
    redirected = [place for place, word in enumerate(words) if word in ("<", ">", "|")]
    _, *args = words[: redirected[0] if redirected else None]
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[args.pop(0)]
    # A command that is only named in a sentence need not be complete.
    is_complete = bool(args) or not any(param.required for param in command.params)
    if is_complete:
        command.make_context(line, args)


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake (\w+)$", "\n".join(blocks(README, "sh")), re.MULTILINE))
    assert {"run", "test", "check", "bench"} == named
    assert named <= targets


def test_the_python_runs(
    tiny_models: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shutil.copytree(tiny_models, tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    found = blocks(README, "python")
    assert found
    for code in found:
        exec(compile(code, "README.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_every_warning_is_described() -> None:
    line = next(line for line in README.splitlines() if line.startswith("- **warnings**"))
    stated = set(re.findall(r"`([a-z-]+)`", line)) - {"auto"}
    assert stated == {str(flag.name).lower().replace("_", "-") for flag in Flag}


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert len(links) > 8
    assert not [link for link in links if not (ROOT / link).exists()]
