from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plaint.cli.app import app

Plaint = Callable[..., Any]


@pytest.fixture
def plaint(tiny_models: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plaint:
    """Run a command in an empty directory, with a version that serves."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLAINT_MODELS", tiny_models)
    monkeypatch.setattr("plaint.files.os.fsync", lambda descriptor: None)

    def run(*args: str | Path, stdin: str | bytes = "", width: int = 140) -> Any:
        return CliRunner().invoke(
            app, list(map(str, args)), input=stdin, env={"COLUMNS": str(width)}
        )

    return run


@pytest.fixture
def own_models(tiny_models: str, tmp_path: Path) -> Path:
    """A models directory that a test may change."""
    return Path(shutil.copytree(tiny_models, tmp_path / "own"))
