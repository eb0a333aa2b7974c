from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parent.parent.parent / "data" / "samples"
FILES = sorted(path.name for path in SAMPLES.iterdir() if path.suffix not in (".py", ".md"))


def test_every_sample_is_labelled(plaint: Any) -> None:
    done = plaint("samples", "-o", "made/here")
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in Path("made/here").iterdir()) == FILES
    assert all(name in done.stdout for name in FILES)
    assert str(Path("made/here").resolve()) in done.stdout.replace("\n", "")
    again = plaint("samples", "-o", "made/here", "--json")
    assert again.exit_code == 0, again.stderr
    found = json.loads(again.stdout)
    assert len(found) == len(FILES)
    assert all(Path(one["output"]).is_file() for one in found)


def test_what_was_stopped_is_gone_on_with(plaint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("plaint.label.batch.assemble", stop)
        assert plaint("samples").exit_code != 0
    done = plaint("samples")
    assert done.exit_code == 0, done.stderr
