from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from plaint.label.labeller import Labeller
from plaint.tables.readers import Row, open_table

SAMPLES = Path(__file__).resolve().parent.parent.parent / "data" / "samples"
MAIL_ORDER = SAMPLES / "ja_mail_order_cp932.csv"


def rows_of(path: Path) -> list[dict[str, Any]]:
    with open_table(path) as table:
        return [
            dict(zip(table.columns, row.cells, strict=True))
            for row in table
            if isinstance(row, Row)
        ]


def test_a_file_is_labelled_and_summed_up(plaint: Any, tiny_labeller: Labeller) -> None:
    done = plaint("label", MAIL_ORDER, "-o", "out.csv")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"\b1[45] of 1[45] rows labelled", done.stdout)
    assert "お問い合わせ内容" in done.stdout
    assert "Output: out.csv" in done.stdout
    assert "Decisions (messages)" in done.stdout
    found = rows_of(Path("out.csv"))
    assert set(tiny_labeller.columns) < found[0].keys()
    assert {row["version"] for row in found} == {tiny_labeller.version}


def test_the_summary_as_json(plaint: Any, tiny_labeller: Labeller) -> None:
    done = plaint("label", MAIL_ORDER, "-o", "out.parquet", "--json")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert found["output"] == "out.parquet"
    rows = rows_of(Path("out.parquet"))
    assert found["labelled"] == len(rows)
    assert [one["task"] for one in found["decisions"]] == list(tiny_labeller.tasks)
    for one in found["decisions"]:
        counted = Counter(row[f"{one['task']}_decision"] or "not_asked" for row in rows)
        assert {kind: count for kind, count in one.items() if count and kind != "task"} == counted
    taxonomy = tiny_labeller.answerer.taxonomy
    stated = {(r["task"], r["label"]): r["benchmark"] for r in found["shares"]}
    for task in taxonomy.tasks:
        for label in task.labels:
            assert stated[task.id, label.id] == label.share


def test_decisions_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    from plaint.cli.label import show_decisions

    show_decisions([{"task": "a", "auto": 1234, "review": 20, "abstain": 3, "not_asked": 0}])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["Decisions", "(messages)"]
    assert lines[2] == ["task", "auto", "review", "abstain", "not", "asked"]
    assert lines[-1] == ["a", "1,234", "20", "3", "0"]


def test_shares_are_shown_with_interval_and_benchmark(
    plaint: Any, capsys: pytest.CaptureFixture[str], tiny_labeller: Labeller
) -> None:
    from plaint.cli.label import show_shares

    task = next(t for t in tiny_labeller.answerer.taxonomy.tasks if t.share_source)
    rows = [
        {
            "language": language,
            "task": task.id,
            "label": label.id,
            "share": 0.5,
            "low": 0.412,
            "high": 0.6,
            "messages": messages,
            "applied": True,
            "benchmark": label.share,
        }
        for language, messages in (("ja", 1234.0), ("ko", 0.0))
        for label in task.labels
    ]
    show_shares(rows, "estimate")
    shown = capsys.readouterr().out
    assert "50% (41-60)" in shown
    assert "ja (1,234)" in shown
    assert "ko" not in shown
    assert f"{task.labels[0].share:.0%}" in shown
    show_shares([row | {"applied": False} for row in rows], "training")
    assert "training" in capsys.readouterr().out


def test_options_reach_the_run(plaint: Any, tmp_path: Path) -> None:
    source = tmp_path / "in.tsv"
    source.write_bytes("k\tv\tw\n01\t=電話 03-0000-0000 に出ない\tx\n".encode("cp932"))
    done = plaint(
        "label", source, "-o", "out.csv", "--text-column", "v", "--id-column", "k", "--encoding",
        "cp932", "--language", "ja", "--prior", "training", "--mask", "--raw", "--precision", "0.8",
        "--max-reject-share", "0",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    with open("out.csv", encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["v"].startswith("=")
    assert "0000" not in row["v"]
    assert row["language"] == "ja"
    assert "Shares assumed: training" in done.stdout


def test_a_workbook_asks_for_its_sheet(plaint: Any) -> None:
    source = SAMPLES / "ko_hospital.xlsx"
    asked = plaint("label", source, "-o", "out.jsonl")
    assert asked.exit_code in (2, 3)
    assert "접수내역" in asked.stderr
    done = plaint("label", source, "-o", "out.jsonl", "--sheet", "접수내역")
    assert done.exit_code == 0, done.stderr


def test_several_files_make_one(plaint: Any) -> None:
    other = SAMPLES / "ko_academy_macos.csv"
    done = plaint("label", MAIL_ORDER, other, "-o", "out.jsonl")
    assert done.exit_code == 0, done.stderr
    assert {row["source"] for row in rows_of(Path("out.jsonl"))} == {MAIL_ORDER.name, other.name}


def test_rejects_are_told(plaint: Any, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "商品がまだ届きません"}\n{"text": \n', "utf-8")
    done = plaint("label", source, "-o", "out.csv", "--max-reject-share", "0.9")
    assert done.exit_code == 0, done.stderr
    assert "out.csv.rejects.jsonl" in done.stderr
    done = plaint("label", source, "-o", "out.csv")
    assert done.exit_code == 5


def test_an_interrupted_run_says_how_to_go_on(plaint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Labeller, "score", stopped)
        done = plaint("label", MAIL_ORDER, "-o", "out.csv")
    assert done.exit_code == 130
    assert "--resume" in done.stderr
    assert not Path("out.csv").exists()
    done = plaint("label", MAIL_ORDER, "-o", "out.csv", "--resume")
    assert done.exit_code == 0, done.stderr
    assert Path("out.csv").exists()
