from __future__ import annotations

import dataclasses
import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

import plaint.settings
from plaint.errors import UsageError
from plaint.settings import SETTINGS, Settings, load_settings

DOCUMENT = Path(__file__).parent.parent / "docs" / "settings.md"


def test_the_defaults(tmp_path: Path) -> None:
    assert load_settings({}, tmp_path) == Settings(
        models=tmp_path / "models", taxonomy=None, threads=0, precision=0.9
    )


def test_environment_wins_over_file_and_file_over_default(tmp_path: Path) -> None:
    (tmp_path / "plaint.toml").write_text("threads = 3\nprecision = 0.8\n")
    found = load_settings({"PLAINT_THREADS": "5", "OTHER": "x"}, tmp_path)
    assert (found.threads, found.precision) == (5, 0.8)


def test_the_process_is_the_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PLAINT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PLAINT_PRECISION", "0.75")
    (tmp_path / "plaint.toml").write_text("threads = 7")
    monkeypatch.chdir(tmp_path)
    found = load_settings()
    assert (found.threads, found.precision) == (7, 0.75)
    assert found.models == Path.cwd() / "models"


def test_another_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "plaint.toml").write_text("threads = 3")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "own.toml").write_text('models = "here"')
    found = load_settings({"PLAINT_CONFIG": "etc/own.toml"}, tmp_path)
    assert found.threads == 0
    assert found.models == tmp_path / "etc" / "here"


def test_relative_paths_count_from_where_they_are_written(tmp_path: Path) -> None:
    found = load_settings({"PLAINT_MODELS": "a", "PLAINT_TAXONOMY": "b.toml"}, tmp_path)
    assert (found.models, found.taxonomy) == (tmp_path / "a", tmp_path / "b.toml")
    absolute = str(tmp_path.parent / "elsewhere")
    assert load_settings({"PLAINT_MODELS": absolute}, tmp_path).models == Path(absolute)


def test_an_empty_variable_can_undo_what_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "plaint.toml").write_text('taxonomy = "own.toml"')
    assert load_settings({}, tmp_path).taxonomy == tmp_path / "own.toml"
    assert load_settings({"PLAINT_TAXONOMY": ""}, tmp_path).taxonomy is None


def test_a_file_from_a_windows_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "plaint.toml").write_bytes("threads = 2\r\n# 設定\r\n".encode("utf-8-sig"))
    assert load_settings({}, tmp_path).threads == 2


def test_the_lower_bounds_are_allowed(tmp_path: Path) -> None:
    found = load_settings({"PLAINT_THREADS": "0", "PLAINT_PRECISION": "0.5"}, tmp_path)
    assert (found.threads, found.precision) == (0, 0.5)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("models", "", "a path"),
        ("models", "a\0b", "a path"),
        ("threads", "-1", "a whole number, 0 or more"),
        ("threads", "two", "a whole number, 0 or more"),
        ("threads", "1.0", "a whole number, 0 or more"),
        ("threads", "２", "a whole number, 0 or more"),
        ("threads", "", "a whole number, 0 or more"),
        ("threads", "9" * 5_000, "a whole number, 0 or more"),
        ("precision", "1", "a number, 0.5 or more and below 1"),
        ("precision", "0.499", "a number, 0.5 or more and below 1"),
        ("precision", "nan", "a number, 0.5 or more and below 1"),
        ("precision", "high", "a number, 0.5 or more and below 1"),
    ],
)
def test_a_wrong_variable_is_named_with_value_and_what_is_allowed(
    tmp_path: Path, name: str, value: str, allowed: str
) -> None:
    variable = f"PLAINT_{name.upper()}"
    with pytest.raises(UsageError) as caught:
        load_settings({variable: value}, tmp_path)
    message = str(caught.value)
    assert message.startswith(f"Setting {name!r} must be {allowed}")
    assert f"found {value!r}" in message
    assert message.endswith(f"Correct the variable {variable}.")


@pytest.mark.parametrize(
    "line",
    [
        "threads = true",
        "threads = 1.5",
        "precision = true",
        "precision = []",
        f"precision = 1{'0' * 400}",
        "models = 3",
        "taxonomy = {}",
        "taxonomy = 1979-05-27",
        "threads = -1",
        "precision = 0",
    ],
)
def test_a_wrong_value_in_the_file_is_named_with_the_file(tmp_path: Path, line: str) -> None:
    file = tmp_path / "plaint.toml"
    file.write_text(line)
    name = line.split(" ")[0]
    with pytest.raises(UsageError) as caught:
        load_settings({}, tmp_path)
    assert f"Setting {name!r} must be" in str(caught.value)
    assert f"Correct {name} in {file}." in str(caught.value)


def test_a_wrong_value_that_is_overridden_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "plaint.toml").write_text("threads = -1")
    assert load_settings({"PLAINT_THREADS": "2"}, tmp_path).threads == 2


def test_unknown_variables_are_told_with_the_nearest_known(tmp_path: Path) -> None:
    environ = {"PLAINT_THREAD": "hunter2", "PLAINT_PRECISON": "hunter2"}
    with pytest.raises(UsageError) as caught:
        load_settings(environ, tmp_path)
    message = str(caught.value)
    assert "PLAINT_THREAD (nearest known: PLAINT_THREADS)" in message
    assert "PLAINT_PRECISON (nearest known: PLAINT_PRECISION)" in message
    assert "hunter2" not in message


def test_unknown_keys_in_the_file_are_told_with_the_nearest_known(tmp_path: Path) -> None:
    (tmp_path / "plaint.toml").write_text("precison = 0.9\n[models.path]\n")
    with pytest.raises(UsageError, match=r"plaint\.toml: precison \(nearest known: precision\)"):
        load_settings({}, tmp_path)


@pytest.mark.parametrize(
    "content", [b"threads = ", "x = '設定'".encode("cp932"), b"x = " + b"[" * 100_000]
)
def test_a_file_that_is_no_toml_is_named_but_not_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plaint.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"plaint\.toml is no TOML file in UTF-8"):
        load_settings({}, tmp_path)


def test_a_directory_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "plaint.toml").mkdir()
    with pytest.raises(UsageError, match=r"plaint\.toml cannot be read"):
        load_settings({}, tmp_path)


@pytest.mark.parametrize("named", ["", "absent.toml", "."])
def test_a_named_file_must_exist(tmp_path: Path, named: str) -> None:
    with pytest.raises(UsageError, match="PLAINT_CONFIG must name a settings file"):
        load_settings({"PLAINT_CONFIG": named}, tmp_path)


def test_settings_are_frozen(tmp_path: Path) -> None:
    found = load_settings({}, tmp_path)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.threads = 2  # type: ignore[misc]
    assert dataclasses.replace(found, threads=2).threads == 2


def test_the_repr_shows_values(tmp_path: Path) -> None:
    shown = repr(load_settings({"PLAINT_THREADS": "4"}, tmp_path))
    assert shown.startswith("Settings(models=")
    assert "threads=4" in shown


def test_a_secret_is_neither_in_the_repr_nor_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tuple(
        dataclasses.replace(setting, secret=setting.name == "precision") for setting in SETTINGS
    )
    monkeypatch.setattr(plaint.settings, "SETTINGS", hidden)
    found = load_settings({"PLAINT_PRECISION": "0.8125"}, tmp_path)
    assert "precision=***" in repr(found)
    assert "0.8125" not in repr(found)
    with pytest.raises(UsageError) as caught:
        load_settings({"PLAINT_PRECISION": "hunter2"}, tmp_path)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_rows_and_fields_are_the_same() -> None:
    fields = [field.name for field in dataclasses.fields(Settings)]
    assert [setting.name for setting in SETTINGS] == fields
    for setting in SETTINGS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", setting.name)
        assert setting.variable != plaint.settings.CONFIG_VARIABLE


def test_every_setting_is_documented_as_it_is() -> None:
    rows = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            rows[name.strip("`")] = cells
    documented = {
        setting.name: [
            f"`{setting.variable}`",
            f"`{json.dumps(setting.default)}`",
            setting.kind.allowed,
            setting.help,
        ]
        for setting in SETTINGS
    }
    assert rows == documented
    assert list(rows) == list(documented)


def test_the_documented_file_holds_the_defaults(tmp_path: Path) -> None:
    block = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    assert tomllib.loads(block[1]) == {setting.name: setting.default for setting in SETTINGS}
    before = load_settings({}, tmp_path)
    (tmp_path / "plaint.toml").write_text(block[1])
    assert load_settings({}, tmp_path) == before


@profile(derandomize=True, deadline=None, max_examples=200)
@given(
    name=st.sampled_from([setting.variable for setting in SETTINGS]),
    value=st.text(max_size=12) | st.integers().map(str) | st.floats().map(repr),
)
def test_any_text_gives_a_value_or_our_error(name: str, value: str) -> None:
    try:
        found = load_settings({name: value}, Path("nowhere"))
    except UsageError:
        return
    assert found.threads >= 0
    assert 0.5 <= found.precision < 1
