from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.label.fake import FakeLabeller

from plaint.label import survey
from plaint.label.ledger import Entry, Job, open_job
from plaint.label.options import BatchOptions
from plaint.label.parts import Shard, encode_shard, id_digest
from plaint.label.plan import Source

SOURCE = Source(
    path=Path("in.csv"),
    name="in.csv",
    digest="sha256:0",
    stamp=(0, 0),
    encoding=None,
    sheet=None,
    columns=("id", "text"),
    types={"id": "text", "text": "text"},
    text_column="text",
    id_column="id",
    notes=(),
)


def make_parts(tmp_path: Path, ids: list[str], sizes: list[int]) -> tuple[Job, list[Entry]]:
    """Store parts of these sizes; row ``n`` of all has the number 2 * n + 1."""
    job = open_job(tmp_path / "out.csv", {})
    parts, start = [], 0
    for shard, size in enumerate(sizes):
        places = range(start, start + size)
        rows = Shard(
            records=size,
            numbers=[2 * n + 1 for n in places],
            rows=[(ids[n], f"text {n}") for n in places],
            texts=[f"text {n}" for n in places],
            ids=[id_digest(ids[n]) for n in places],
        )
        entry = Entry(shard, 0, start, size, size, 0, {})
        files = encode_shard(rows, SOURCE, FakeLabeller(), BatchOptions())
        parts.append(job.store(entry, files))
        start += size
    return job, parts


def test_sample_has_its_size_and_does_not_depend_on_the_parts(tmp_path: Path) -> None:
    ids = [str(n) for n in range(300)]
    drawn = []
    for name, sizes in (("a", [300]), ("b", [100, 0, 1, 199]), ("c", [7] * 42 + [6])):
        (tmp_path / name).mkdir()
        job, parts = make_parts(tmp_path / name, ids, sizes)
        sample = survey.draw_sample(job, parts, 50, seed=3)
        assert sample is not None
        drawn.append(sample.logits)
        other = survey.draw_sample(job, parts, 50, seed=4)
        assert other is not None
        assert len(other) == 50
        assert not np.array_equal(other.logits, sample.logits)
        job.close()
    assert len(drawn[0]) == 50
    assert np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize("size", [300, 301])
def test_sample_of_few_rows_is_all_of_them(tmp_path: Path, size: int) -> None:
    job, parts = make_parts(tmp_path, [str(n) for n in range(300)], [150, 150])
    sample = survey.draw_sample(job, parts, size, seed=0)
    assert sample is not None
    expected = FakeLabeller().score([f"text {n}" for n in range(300)])
    assert np.array_equal(sample.logits, expected.logits)
    assert survey.draw_sample(job, [], size, seed=0) is None
    job.close()


def test_sample_is_spread_over_the_rows() -> None:
    keys = survey._keys(0, 100_000, seed=0)
    assert len(np.unique(keys)) == 100_000
    drawn = np.flatnonzero(keys <= np.sort(keys)[9_999])
    tenths = np.bincount(drawn // 10_000, minlength=10)
    assert tenths.min() > 900
    assert tenths.max() < 1_100
    parity = np.bincount(drawn % 2)
    assert abs(parity[0] - parity[1]) < 300


@pytest.mark.parametrize("pass_rows", [1, 4, 1000])
def test_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pass_rows: int) -> None:
    monkeypatch.setattr(survey, "_PASS_ROWS", pass_rows)
    ids = ["a", "b", "", "a", "c", "", " ", "b", "a", "d", "e", "e", "f", "c"]
    job, parts = make_parts(tmp_path, ids, [5, 0, 6, 3])
    repeats = survey.find_repeats(job, parts)
    again = [3, 7, 8, 11, 13]
    assert repeats.count == len(again)
    assert repeats.first == tuple((0, 2 * place + 1) for place in again)
    job.close()


def test_only_the_first_repeats_are_told(tmp_path: Path) -> None:
    job, parts = make_parts(tmp_path, ["x"] * 20, [10, 10])
    repeats = survey.find_repeats(job, parts)
    assert repeats.count == 19
    assert repeats.first == tuple((0, 2 * place + 1) for place in range(1, 6))
    job.close()
