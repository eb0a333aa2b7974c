from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from plaint.label.summary import Summary

SUMMARY = Summary(
    output=Path("place", "out.csv"),
    rejects_path=Path("place", "out.csv.rejects.jsonl"),
    version="v1",
    rows=8,
    labelled=7,
    rejects=1,
    text_columns=("内容",),
    id_columns=(None,),
    duplicates=2,
    duplicate_rows=(("in.csv", 7), ("in.csv", 8)),
    decisions=[{"task": "colour", "auto": 4, "review": 2, "abstain": 1, "not_asked": 0}],
    shares=[{"label": "red", "share": 0.5}],
    notes=("a note",),
)


@pytest.mark.parametrize("summary", [SUMMARY, replace(SUMMARY, rejects_path=None)])
def test_survives_json(summary: Summary) -> None:
    values = json.loads(json.dumps(summary.to_dict()))
    assert Summary.from_dict(values, Path("place")) == summary


def test_time_and_history_are_not_told() -> None:
    later = replace(SUMMARY, seconds=9.0, reused_parts=3)
    assert later.to_dict() == SUMMARY.to_dict()
