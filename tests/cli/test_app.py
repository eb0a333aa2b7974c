from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

import plaint as package
from plaint import errors
from plaint.cli import _options, app, main
from plaint.cli._console import Meter, guarded
from plaint.label.options import PRIORS
from plaint.text.language import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = {"numpy", "pandas", "pyarrow", "scipy", "sentencepiece", "sklearn", "skops", "joblib"}
ENCODINGS = ("cp932", "cp949", "cp936", "ascii")
TEXTS = {
    "ja": "注文した靴が届きません。問い合わせても返事がないです",
    "ko": "배송이 너무 늦어요ㅠㅠ 뷁",
    "zh": "客服一直不回复，我要退款😡",
}


def process(*args: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, *args],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
        **options,
    )


def test_help_names_every_command(plaint: Any) -> None:
    done = plaint("--help")
    assert done.exit_code == 0
    for name in ("label", "classify", "explain", "samples", "train", "evaluate", "models"):
        assert name in done.stdout


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_of_plaint(plaint: Any, option: str) -> None:
    assert plaint(option).stdout == f"plaint {package.__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['plaint', 'label', '--help']\n"
        "from plaint.cli import main\n"
        "try: main()\n"
        f"finally: sys.stderr.write(' '.join(sorted({HEAVY} & sys.modules.keys())))"
    )
    done = process("-W", "error", "-c", code)
    assert done.returncode == 0
    assert done.stderr == b""
    assert b"--text-column" in done.stdout


def test_the_choices_are_those_of_the_library() -> None:
    assert tuple(_options.Language) == LANGUAGES
    assert tuple(_options.Prior) == PRIORS


@pytest.mark.parametrize(
    "args",
    [
        ["no-such"],
        ["label"],
        ["label", "a.csv", "--prior", "mine", "-o", "b.csv"],
        ["models", "show"],
    ],
)
def test_a_wrong_call_has_status_2(plaint: Any, args: list[str]) -> None:
    done = plaint(*args)
    assert done.exit_code == 2
    assert done.stdout == ""


def test_an_error_is_one_line_with_its_status(plaint: Any) -> None:
    done = plaint("label", "absent.csv", "-o", "out.csv")
    assert done.exit_code == errors.UsageError.exit_status
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_an_error_as_json(plaint: Any) -> None:
    done = plaint("models", "show", "v-00000000", "--json")
    assert done.exit_code == errors.VersionNotFound.exit_status
    found = json.loads(done.stderr)["error"]
    assert found["code"] == errors.VersionNotFound.code
    assert "v-00000000" in found["message"]
    assert done.stdout == ""


def test_a_wrong_setting_is_an_error_like_others(
    plaint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINT_PRECISION", "many")
    done = plaint("classify", "x")
    assert done.exit_code == errors.UsageError.exit_status
    assert "PLAINT_PRECISION" in done.stderr


def test_what_is_not_expected_is_not_swallowed(
    plaint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("plaint.label.labeller.load_labeller", broken)
    assert isinstance(plaint("classify", "x").exception, ZeroDivisionError)


def test_stopping_has_status_130(plaint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("plaint.label.labeller.load_labeller", stopped)
    done = plaint("classify", "x")
    assert done.exit_code == 130
    assert "again" in done.stderr


def test_what_the_system_refuses_is_a_line(plaint: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = plaint("samples", "-o", tmp_path / "file")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "file" in done.stderr


def test_markup_in_a_message_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    @guarded
    def command() -> None:
        raise errors.InputError("the column [bold]x[/nonsense] is :warning:")

    with pytest.raises(typer.Exit):
        command()
    assert "[bold]x[/nonsense] is :warning:" in capsys.readouterr().err


def test_a_reader_that_left_is_no_noise() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = process("-m", "plaint", "models", "list", "--json", stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_help_and_errors_of_a_process_on_an_old_console(encoding: str) -> None:
    env = {"PYTHONIOENCODING": encoding, "PLAINT_MODELS": "無い"}
    done = process("-m", "plaint", "label", "--help", env=env)
    assert done.returncode == 0, done.stderr
    assert "--resume" in done.stdout.decode(encoding)
    done = process("-m", "plaint", "classify", "--id", "뷁", env=env)
    assert done.returncode == 2
    assert done.stderr.decode(encoding).startswith("Error: ")


def run_on(encoding: str, monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    """Run a command with streams of an encoding, as the process of an old console has them."""
    streams = []
    for name in ("stdout", "stderr"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
        monkeypatch.setattr(sys, name, stream)
        streams.append(stream)
    monkeypatch.setattr(sys, "argv", ["plaint", *args])
    with pytest.raises(SystemExit) as stop:
        main()
    status = int(stop.value.code or 0)
    for stream in streams:
        stream.flush()
    found = [stream.buffer.getvalue().decode(encoding) for stream in streams]  # type: ignore[attr-defined]
    return status, found[0], found[1]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_table_can_be_printed_on_an_old_console(
    encoding: str, tiny_version: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, version = tiny_version
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLAINT_MODELS", models)
    source = tmp_path / "受付뷁.csv"
    source.write_text("番号,お客様の声\n1,😡" + "\n2,".join(TEXTS.values()) + "\n", "utf-8")
    calls = [
        ["label", str(source), "-o", str(tmp_path / "out.csv")],
        *(["classify", text, "--explain"] for text in TEXTS.values()),
        *(["explain", text] for text in TEXTS.values()),
        ["models", "list"],
        ["models", "show", version],
    ]
    for args in calls:
        status, shown, told = run_on(encoding, monkeypatch, *args)
        assert status == 0, told
        assert shown
    _, shown, _ = run_on(encoding, monkeypatch, "classify", TEXTS["ko"], "--id", "뷁", "--json")
    assert json.loads(shown)["id"] == "뷁"


def test_a_lone_surrogate_is_classified_and_printed(
    tiny_models: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINT_MODELS", tiny_models)
    text = TEXTS["ja"] + "\udcff"
    for args in (["classify", text, "--explain"], ["explain", text], ["classify", text, "--json"]):
        status, shown, told = run_on("utf-8", monkeypatch, *args)
        assert status == 0, told
        assert "\udcff" not in shown
    status, shown, _ = run_on("utf-8", monkeypatch, "classify", "x", "--id", "\udcff", "--json")
    assert json.loads(shown)["id"] == "\udcff"


def test_progress_in_a_file_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter(range(100))
    with Meter(clock=lambda: float(next(seconds))) as meter:
        for rows in range(0, 20_000, 1_000):
            meter.rows("labelling", rows, None)
    lines = capsys.readouterr().err.splitlines()
    assert 2 < len(lines) < 20
    assert lines[-1].startswith("Labelling: ")
    assert lines[-1].endswith("rows/s")


def test_progress_can_be_silent(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter(range(0, 1_000, 60))
    with Meter(quiet=True, clock=lambda: float(next(seconds))) as meter:
        meter.steps("ja", 1, 2)
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal_is_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with Meter() as meter:
        meter.steps("ja", 1, 2)
    assert "Training ja" in capsys.readouterr().err


def test_the_page_of_commands_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_cli  # type: ignore[import-not-found]

    assert make_cli.PAGE.read_text(encoding="utf-8") == make_cli.page(), (
        "run python docs/make_cli.py"
    )


def test_every_command_is_on_the_page() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    names = [one.callback.__name__ for one in app.app.registered_commands if one.callback]
    assert len(names) == 6
    assert all(f"\n## plaint {name}\n" in page for name in names)
