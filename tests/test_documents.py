"""What the documents say of the code is what the code does."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

import plaint
from plaint.tables.encodings import detect
from plaint.tables.readers import FORMATS, ReadLimits, open_table
from plaint.tables.writers import guard

ROOT = Path(__file__).resolve().parent.parent
FORMATS_PAGE = (ROOT / "docs" / "data-formats.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    return FORMATS_PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


def test_the_limits_of_reading() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([0-9,]+) \|", section("Limits of reading"), re.MULTILINE)
    stated = {name: int(number.replace(",", "")) for name, number in rows}
    assert stated == vars(ReadLimits())


@pytest.mark.parametrize("name", ["What is read", "What is written"])
def test_every_format_is_described(name: str) -> None:
    firsts = re.findall(r"^\| (`\..*?) \|", section(name), re.MULTILINE)
    assert sorted(re.findall(r"`\.(\w+)`", " ".join(firsts))) == sorted(FORMATS)


def test_the_signs_that_are_guarded() -> None:
    line = next(line for line in FORMATS_PAGE.splitlines() if "Formula guard" in line)
    signs = re.findall(r"`([^\w. ])`", line)
    assert "".join(signs) == "=+-@＝＋－＠"
    for sign in (*signs, "\t", "\r", "\n", "\0"):
        assert guard(f"{sign}1") == f"'{sign}1"
        assert guard(f"'{sign}1") == f"''{sign}1"


def test_names_that_stand_for_a_superset() -> None:
    line = next(line for line in FORMATS_PAGE.splitlines() if "stands for its superset" in line)
    stated = [
        (name, superset)
        for names, superset in re.findall(r"((?:`\w+`(?: and )?)+) (?:is read )?as (\w+)", line)
        for name in re.findall(r"`(\w+)`", names)
    ]
    assert len(stated) == 5
    for name, superset in stated:
        assert detect(b"id,text", named=name) == superset


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = ROOT / "data" / "samples" / "ja_mail_order_cp932.csv"
    shutil.copy(source, tmp_path / "complaints.csv")
    monkeypatch.chdir(tmp_path)
    [code] = re.findall(r"```python\n(.*?)```", FORMATS_PAGE, re.DOTALL)
    exec(compile(code, "data-formats.md", "exec"), {})
    with open_table("complaints.csv") as table, open_table("complaints.xlsx") as copy:
        assert copy.columns == table.columns
        assert len(list(copy)) > 10


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == plaint.__version__


def test_the_changelog_has_a_place_for_what_comes() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == "## [Unreleased]"


def test_the_make_targets_that_are_named_exist() -> None:
    makefile = ROOT / "Makefile"
    if not makefile.exists():
        pytest.skip("there is no Makefile yet")
    named = set(re.findall(r"`make (\w+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8")))
    targets = set(re.findall(r"^(\w[\w-]*):", makefile.read_text("utf-8"), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.name
)
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    pattern = r"`((?:docs|data|src|tests|benchmarks|service)/[\w./-]*\w)`"
    named = {*re.findall(pattern, text)}
    missing = sorted(name for name in named if not (ROOT / name).exists())
    assert not missing, f"{page.name} names {', '.join(missing)}"
