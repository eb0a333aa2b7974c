from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from tests.label.fake import LABELS, FakeLabeller

from plaint.errors import InputError, JobError, JobInterrupted, LimitExceeded, UsageError
from plaint.label.batch import BatchOptions, Progress, label_files
from plaint.label.ledger import job_directory
from plaint.tables.readers import FORMATS, Row, open_table

SAMPLES = Path(__file__).parent.parent.parent / "data" / "samples"


def write(path: Path, rows: int = 10, encoding: str = "utf-8") -> Path:
    lines = [f"{n},二度も頼んだのに{n}日たっても返事がありません" for n in range(rows)]
    path.write_text("\n".join(["id,内容", *lines]) + "\n", encoding=encoding)
    return path


def read(path: Path) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    with open_table(path) as table:
        rows = [row for row in table if isinstance(row, Row)]
        return table.columns, [row.cells for row in rows]


def test_columns_rows_and_summary(tmp_path: Path) -> None:
    labeller = FakeLabeller()
    summary = label_files([write(tmp_path / "in.csv")], tmp_path / "out.csv", labeller)
    columns, rows = read(tmp_path / "out.csv")
    assert columns == ("id", "内容", *FakeLabeller.columns)
    assert [row[0] for row in rows] == [str(n) for n in range(10)]
    assert {row[2] for row in rows} <= set(LABELS)
    assert {row[-1] for row in rows} == {"v1"}
    assert (summary.rows, summary.labelled, summary.rejects) == (10, 10, 0)
    assert summary.rejects_path is None
    assert summary.text_columns == ("内容",)
    assert summary.id_columns == ("id",)
    assert [share["label"] for share in summary.shares] == list(LABELS)
    assert (summary.duplicates, summary.notes, summary.reused_parts) == (0, (), 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_decisions_are_counted(tmp_path: Path) -> None:
    class Deciding(FakeLabeller):
        columns = ("a", "a_decision", "b", "b_decision", "c_decision")
        types = {}

        def answers(self, scores, priors):
            words = ("auto", "auto", "review", "abstain", "")
            places = (scores.logits[:, 0] * 65536).astype(int) % len(words)
            return [("x", words[p], "y", "" if p else "auto", "auto") for p in places]

    path = write(tmp_path / "in.csv", rows=40)
    summaries = []
    for size in (7, 1000):
        options = BatchOptions(shard_rows=size)
        summary = label_files([path], tmp_path / "out.csv", Deciding(), options)
        summaries.append(summary.decisions)
    rows = read(tmp_path / "out.csv")[1]
    expected = []
    for task, place in (("a", 3), ("b", 5)):
        found = Counter(row[place] or "not_asked" for row in rows)
        expected.append(
            {"task": task}
            | {kind: found[kind] for kind in ("auto", "review", "abstain")}
            | {"not_asked": found["not_asked"]}
        )
    assert summaries == [expected, expected]
    assert min(expected[0][kind] for kind in ("auto", "review", "abstain", "not_asked")) > 0


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [3, 10_000])
def test_all_formats_have_the_same_bytes_every_time(tmp_path: Path, kind: str, size: int) -> None:
    path = write(tmp_path / "in.csv")
    outputs = []
    for turn in range(2):
        output = tmp_path / f"out{turn}.{kind}"
        label_files([path], output, FakeLabeller(), BatchOptions(shard_rows=size))
        outputs.append(output)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    columns, rows = read(outputs[0])
    assert columns[:3] == ("id", "内容", "colour")
    assert [str(row[0]) for row in rows] == [str(n) for n in range(10)]


def test_the_size_of_the_parts_does_not_show(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", rows=50)
    found = set()
    for size in (1, 7, 50, 1000):
        options = BatchOptions(shard_rows=size, batch_rows=4, sample_rows=20)
        output = tmp_path / f"{size}.csv"
        label_files([path], output, FakeLabeller(), options)
        found.add(output.read_bytes())
    assert len(found) == 1


@pytest.mark.parametrize(
    "name", sorted(path.name for path in SAMPLES.iterdir() if path.suffix not in (".md", ".py"))
)
def test_samples(tmp_path: Path, name: str) -> None:
    sheet = "접수내역" if name.endswith(".xlsx") else None
    options = BatchOptions(sheet=sheet)
    output = tmp_path / "out.parquet"
    summary = label_files([SAMPLES / name], output, FakeLabeller(), options)
    with open_table(SAMPLES / name, sheet=sheet) as table:
        before = [row.cells for row in table if isinstance(row, Row)]
        width = len(table.columns)
    columns, rows = read(output)
    assert [row[:width] for row in rows] == before
    assert columns[width:] == FakeLabeller.columns
    assert summary.labelled == len(before)
    assert summary.duplicates == (1 if "mail_order" in name or "internet" in name else 0)


def test_empty_texts_are_rows_like_others(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id":1,"内容":null}\n{"id":2,"内容":""}\n{"id":3,"内容":"だめ"}\n', "utf-8")
    options = BatchOptions(text_column="内容")
    label_files([path], tmp_path / "out.jsonl", FakeLabeller(), options)
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["内容"] for row in rows] == [None, "", "だめ"]
    assert [row["warnings"] for row in rows] == ["empty", "empty", ""]


def test_a_table_without_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", rows=0)
    labeller = FakeLabeller()
    options = BatchOptions(text_column="内容")
    summary = label_files([path], tmp_path / "out.csv", labeller, options)
    assert read(tmp_path / "out.csv") == (("id", "内容", *FakeLabeller.columns), [])
    assert (summary.rows, summary.shares) == (0, [])
    assert summary.decisions == [
        {"task": "colour", "auto": 0, "review": 0, "abstain": 0, "not_asked": 0}
    ]


def test_several_inputs(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", rows=2)
    second = tmp_path / "b.csv"
    second.write_text("内容,店\n担当の方の言葉づかいが乱暴でした,東\n", "cp932")
    label_files([first, second], tmp_path / "out.jsonl", FakeLabeller())
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["source"] for row in rows] == ["a.csv", "a.csv", "b.csv"]
    assert [row["id"] for row in rows] == ["0", "1", None]
    assert [row["店"] for row in rows] == [None, None, "東"]
    assert list(rows[0])[:5] == ["id", "内容", "店", "source", "colour"]


def test_duplicates_are_kept_and_told(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.csv", rows=3), write(tmp_path / "b.csv", rows=4)
    options = BatchOptions(shard_rows=2)
    summary = label_files([first, second], tmp_path / "out.csv", FakeLabeller(), options)
    assert summary.labelled == 7
    assert summary.duplicates == 3
    assert summary.duplicate_rows == (("b.csv", 1), ("b.csv", 2), ("b.csv", 3))
    assert any("3 row(s)" in note and "b.csv row 1" in note for note in summary.notes)


def test_masked_output(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    text = "연락 주세요 010-0000-0000 기다리겠습니다"
    path.write_text(f"번호,내용,비고\n1,{text},{text}\n", "utf-8")
    plain = label_files([path], tmp_path / "plain.csv", FakeLabeller())
    masked = label_files([path], tmp_path / "mask.csv", FakeLabeller(), BatchOptions(mask=True))
    (_, (row,)), (_, (open_row,)) = read(tmp_path / "mask.csv"), read(tmp_path / "plain.csv")
    assert row[1] == "연락 주세요 [phone] 기다리겠습니다"
    # Labels come from the text as it is; other columns stay, which the notes say.
    assert row[3:] == open_row[3:]
    assert row[2] == open_row[1] == text
    assert not plain.notes
    assert any("masked" in note for note in masked.notes)


@pytest.mark.parametrize(("raw", "start"), [(False, "'="), (True, "=")])
def test_formulas(tmp_path: Path, raw: bool, start: str) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,内容\n1,=1+1の答えも言えない店員でした\n", "utf-8")
    options = BatchOptions(raw=raw)
    label_files([path], tmp_path / "out.csv", FakeLabeller(), options)
    assert f"\r\n1,{start}1+1" in (tmp_path / "out.csv").read_bytes().decode("utf-8-sig")


@pytest.mark.parametrize(("prior", "sampled"), [("estimate", 6), ("benchmark", None)])
def test_priors(tmp_path: Path, prior: str, sampled: int | None) -> None:
    labeller = FakeLabeller()
    options = BatchOptions(prior=prior, sample_rows=6, shard_rows=4)
    label_files([write(tmp_path / "in.csv")], tmp_path / "out.csv", labeller, options)
    assert labeller.samples == [sampled]


def test_texts_go_to_the_model_in_batches(tmp_path: Path) -> None:
    labeller = FakeLabeller()
    options = BatchOptions(shard_rows=5, batch_rows=2)
    label_files([write(tmp_path / "in.csv", rows=12)], tmp_path / "out.csv", labeller, options)
    assert labeller.batches == [2, 2, 1, 2, 2, 1, 2]


def test_progress(tmp_path: Path) -> None:
    seen: list[Progress] = []
    options = BatchOptions(shard_rows=4)
    path = write(tmp_path / "in.csv")
    label_files([path], tmp_path / "out.csv", FakeLabeller(), options, seen.append)
    assert seen == [
        ("labelling", 4, None),
        ("labelling", 8, None),
        ("labelling", 10, None),
        ("writing", 4, 10),
        ("writing", 8, 10),
        ("writing", 10, 10),
    ]


def test_resume_without_a_run_begins_one(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv")
    label_files([path], tmp_path / "a.csv", FakeLabeller())
    label_files([path], tmp_path / "b.csv", FakeLabeller(), BatchOptions(resume=True))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_resume_after_the_last_part_reads_no_row_again(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv")

    class Unwritten(FakeLabeller):
        def answers(self, scores, priors):
            raise KeyboardInterrupt

    with pytest.raises(JobInterrupted, match="after 10 rows"):
        label_files([path], tmp_path / "out.csv", Unwritten(), BatchOptions(shard_rows=4))
    assert not (tmp_path / "out.csv").exists()
    labeller = FakeLabeller()
    options = BatchOptions(shard_rows=4, resume=True)
    summary = label_files([path], tmp_path / "out.csv", labeller, options)
    assert labeller.batches == []
    assert summary.reused_parts == 3
    assert len(read(tmp_path / "out.csv")[1]) == 10


def test_rejects_of_an_earlier_run_go(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,内容\n1,遅すぎて話になりません\nbad\n", "utf-8")
    options = BatchOptions(max_reject_share=0.5)
    summary = label_files([path], tmp_path / "out.csv", FakeLabeller(), options)
    assert summary.rejects_path == tmp_path / "out.csv.rejects.jsonl"
    assert summary.rejects_path.is_file()
    summary = label_files([write(path)], tmp_path / "out.csv", FakeLabeller(), options)
    assert summary.rejects_path is None
    assert not (tmp_path / "out.csv.rejects.jsonl").exists()


def test_a_file_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", rows=40)
    with path.open("a", encoding="utf-8") as file:
        file.write('41,"' + "あ" * 9_000_000)
    options = BatchOptions(shard_rows=10, id_column="id", text_column="内容")
    with pytest.raises(LimitExceeded):
        label_files([path], tmp_path / "out.csv", FakeLabeller(), options)
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.csv"]


def test_a_question_comes_before_any_file(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(UsageError, match="--text-column"):
        label_files([path], tmp_path / "out.csv", FakeLabeller())
    path.write_bytes("内容\n".encode() + bytes(range(128, 255)) * 9)
    with pytest.raises(InputError):
        label_files([path], tmp_path / "out.csv", FakeLabeller())
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.csv"]


def test_a_model_that_loses_an_answer(tmp_path: Path) -> None:
    class Losing(FakeLabeller):
        def answers(self, scores, priors):
            return super().answers(scores, priors)[1:]

    with pytest.raises(JobError, match="9 answers for 10 rows"):
        label_files([write(tmp_path / "in.csv")], tmp_path / "out.csv", Losing())
    assert not (tmp_path / "out.csv").exists()


def test_nothing_stays_open(tmp_path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("needs /proc")
    path = write(tmp_path / "in.csv")

    class Failing(FakeLabeller):
        def answers(self, scores, priors):
            raise KeyboardInterrupt

    before = len(os.listdir(descriptors))
    for turn in range(3):
        label_files([path], tmp_path / "out.csv", FakeLabeller())
        with pytest.raises(JobInterrupted):
            label_files([path], tmp_path / f"{turn}.csv", Failing())
        with pytest.raises(UsageError):
            label_files([path], tmp_path / f"{turn}.csv", FakeLabeller())
    assert len(os.listdir(descriptors)) == before


def test_where_the_parts_are(tmp_path: Path) -> None:
    assert job_directory(tmp_path / "out.csv") == tmp_path / "out.csv.plaint"
