from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plaint.cli.models import mean_accuracy, serving
from plaint.model.registry import Registry


def test_the_list(plaint: Any, tiny_version: tuple[str, str]) -> None:
    done = plaint("models", "list")
    assert done.exit_code == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if tiny_version[1] in line]
    assert line.startswith("*")
    [found] = json.loads(plaint("models", "list", "--json").stdout)
    assert (found["id"], found["status"], found["current"]) == (tiny_version[1], "ok", True)


def test_an_empty_directory(plaint: Any) -> None:
    done = plaint("models", "list", "--models", "empty")
    assert done.exit_code == 0
    assert "plaint train" in done.stdout
    assert plaint("models", "verify", "--models", "empty").exit_code == 4


def test_a_version_is_shown(plaint: Any, tiny_version: tuple[str, str]) -> None:
    directory, version = tiny_version
    done = plaint("models", "show", version)
    assert done.exit_code == 0, done.stderr
    assert f"{version}, serves" in done.stdout
    assert "easy score" in done.stdout
    found = json.loads(plaint("models", "show", version, "--json").stdout)
    assert found["parts"].keys() == Registry(directory).verify(version).parts.keys()
    assert found["current"] is True


def test_a_damaged_version(plaint: Any, own_models: Path, tiny_version: tuple[str, str]) -> None:
    version = tiny_version[1]
    assert plaint("models", "verify", "--models", own_models).exit_code == 0
    part = next(
        path for path in (own_models / "versions" / version).iterdir() if path.suffix != ".json"
    )
    part.write_bytes(part.read_bytes() + b" ")
    for args in (["verify", version], ["verify"], ["show", version], ["promote", version]):
        assert plaint("models", *args, "--models", own_models).exit_code == 4
    done = plaint("models", "list", "--models", own_models)
    assert done.exit_code == 0
    assert "damaged" in done.stdout
    name, problem = serving(Registry(own_models))
    assert name == version
    assert problem


def test_promoting_and_going_back(
    plaint: Any, own_models: Path, tiny_version: tuple[str, str]
) -> None:
    version = tiny_version[1]
    done = plaint("models", "promote", version, "--reason", "why not", "--models", own_models)
    assert done.exit_code == 0, done.stderr
    assert "serves now" in done.stdout
    shown = plaint("models", "promote", version, "--models", own_models, "--json").stdout
    assert json.loads(shown) == {"current": version}
    assert plaint("models", "rollback", "--models", own_models).exit_code == 4


def test_the_mean_of_scores() -> None:
    assert mean_accuracy({"ja": {"a": 0.5, "b": 1.0}, "ko": {"a": 0.0}}) == 0.5
    assert mean_accuracy({}) is None
    assert mean_accuracy({"note": "x"}) is None
