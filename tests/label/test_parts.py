from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.label.fake import FakeLabeller

from plaint.errors import JobError
from plaint.label.options import BatchOptions
from plaint.label.parts import (
    IDS,
    INDEX,
    NO_ID,
    REJECTS,
    ROWS,
    decode_ids,
    decode_index,
    decode_rows,
    encode_shard,
    id_digest,
    read_shard,
)
from plaint.label.plan import Source
from plaint.tables.readers import BadRow, Row

SOURCE = Source(
    path=Path("in.csv"),
    name="in.csv",
    digest="sha256:0",
    stamp=(0, 0),
    encoding=None,
    sheet=None,
    columns=("id", "text", "n"),
    types={"id": "text", "text": "text", "n": "number"},
    text_column="text",
    id_column="id",
    notes=(),
)

CELLS = (
    st.none()
    | st.booleans()
    | st.text(st.characters(codec=None), max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=7))
def test_rows_come_back_as_they_were(rows: list[tuple[object, ...]]) -> None:
    numbered = [Row(n, cells) for n, cells in enumerate(rows, 1)]  # type: ignore[arg-type]
    options = BatchOptions(batch_rows=3)
    shard = read_shard(iter(numbered), SOURCE, options)
    files = encode_shard(shard, SOURCE, FakeLabeller(), options)
    back = [tuple(row) for row in decode_rows(files[ROWS])]
    assert back == rows
    assert [list(map(type, row)) for row in back] == [list(map(type, row)) for row in rows]
    assert REJECTS not in files
    if rows:
        index = decode_index(files[INDEX])
        assert decode_ids(files[IDS]).tolist() == [id_digest(row[0]) for row in rows]
        assert index.numbers.tolist() == list(range(1, len(rows) + 1))
        expected = FakeLabeller().score(shard.texts)
        assert np.array_equal(index.scores.logits, expected.logits)
        assert np.array_equal(index.scores.flags, expected.flags)
    again = encode_shard(shard, SOURCE, FakeLabeller(), options)
    assert again == files


def test_a_shard_ends_with_its_rows_or_its_characters() -> None:
    rows = [Row(n, ("1", "x" * 10, None)) for n in range(1, 10)]
    several = iter(rows)
    sizes = []
    while (shard := read_shard(several, SOURCE, BatchOptions(shard_rows=4))).records:
        sizes.append(shard.records)
    assert sizes == [4, 4, 1]
    shard = read_shard(iter(rows), SOURCE, BatchOptions(shard_chars=30))
    assert shard.records == 3


def test_rejects_keep_place_and_reason_only() -> None:
    rows = [BadRow(1, "too few cells"), Row(2, ("a", "b", 1.5)), BadRow(3, "too many")]
    shard = read_shard(iter(rows), SOURCE, BatchOptions())
    assert (shard.records, len(shard.rows)) == (3, 1)
    files = encode_shard(shard, SOURCE, FakeLabeller(), BatchOptions())
    assert [json.loads(line) for line in files[REJECTS].splitlines()] == [
        {"source": "in.csv", "row": 1, "reason": "too few cells"},
        {"source": "in.csv", "row": 3, "reason": "too many"},
    ]


def test_a_part_of_bad_rows_alone() -> None:
    shard = read_shard(iter([BadRow(1, "bad")]), SOURCE, BatchOptions())
    labeller = FakeLabeller()
    files = encode_shard(shard, SOURCE, labeller, BatchOptions())
    assert labeller.batches == []
    assert list(decode_rows(files[ROWS])) == []


def test_texts_are_scored_as_they_are_and_kept_masked() -> None:
    text = "연락처는 hong@example.com 입니다"
    shard = read_shard(iter([Row(1, (text, text, None))]), SOURCE, BatchOptions())
    seen: list[str] = []

    class Watching(FakeLabeller):
        def score(self, texts, language=None):
            seen.extend(texts)
            return super().score(texts, language)

    files = encode_shard(shard, SOURCE, Watching(), BatchOptions(mask=True))
    assert seen == [text]
    # The id column is not the text column, and stays.
    assert list(decode_rows(files[ROWS])) == [[text, "연락처는 [email] 입니다", None]]


def test_cells_that_are_no_text() -> None:
    source = replace(SOURCE, text_column="n")
    rows = [Row(n, ("1", "x", cell)) for n, cell in enumerate((None, 1.5, True, "a"), 1)]
    assert read_shard(iter(rows), source, BatchOptions()).texts == ["", "1.5", "true", "a"]


def test_ids_as_digests() -> None:
    assert id_digest(None) == id_digest("") == id_digest("  ") == NO_ID
    assert id_digest("001") != id_digest("1")
    assert id_digest(1) == id_digest("1")
    assert 0 < id_digest("\ud800") < 2**64


def test_a_model_that_loses_a_row() -> None:
    class Losing(FakeLabeller):
        def score(self, texts, language=None):
            return super().score(texts[1:], language)

    shard = read_shard(iter([Row(1, ("1", "x", None))] * 3), SOURCE, BatchOptions())
    with pytest.raises(JobError, match="2 answers for 3 texts"):
        encode_shard(shard, SOURCE, Losing(), BatchOptions())


def test_an_index_that_could_run_code_is_refused() -> None:
    import io

    buffer = io.BytesIO()
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(buffer, numbers=objects, score_logits=objects)
    with pytest.raises(ValueError, match="allow_pickle"):
        decode_index(buffer.getvalue())
