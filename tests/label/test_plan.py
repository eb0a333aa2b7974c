from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.label.fake import FakeLabeller

from plaint.errors import UsageError
from plaint.label.options import BatchOptions
from plaint.label.plan import make_plan, rejects_path

FAKE = FakeLabeller()
SAMPLES = Path(__file__).parent.parent.parent / "data" / "samples"


def write(path: Path, header: str = "id,内容", encoding: str = "utf-8") -> Path:
    rows = [f"{n},店員の説明が{n}回とも違っていて困りました" for n in range(5)]
    path.write_text("\n".join([header, *rows]), encoding=encoding)
    return path


def test_one_file(tmp_path: Path) -> None:
    plan = make_plan([write(tmp_path / "a.csv")], tmp_path / "out.csv", FAKE, BatchOptions())
    assert plan.columns == ("id", "内容", *FAKE.columns)
    assert plan.types["colour_probability"] == "number"
    assert plan.types["colour"] == "text"
    assert plan.notes == ()
    (source,) = plan.sources
    assert (source.text_column, source.id_column, source.encoding) == ("内容", "id", "utf-8")


def test_columns_of_the_input_keep_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text":"먼지가 너무 많아서 숨을 못 쉬겠어요","language":"ko","plaint_language":1}\n',
        encoding="utf-8",
    )
    options = BatchOptions(text_column="text")
    plan = make_plan([path], tmp_path / "out.csv", FAKE, options)
    assert plan.kept == ("text", "language", "plaint_language")
    assert "plaint_plaint_language" in plan.columns
    assert any("'plaint_plaint_language'" in note for note in plan.notes)


def test_several_files_are_united(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv")
    second = write(tmp_path / "b.csv", "番号,お問い合わせ内容", "cp932")
    third = tmp_path / "c.jsonl"
    third.write_text(
        '{"id":3,"内容":"配送が遅すぎます、どうなっていますか","source":"x"}\n', "utf-8"
    )
    plan = make_plan([first, second, third], tmp_path / "out.csv", FAKE, BatchOptions())
    assert plan.kept == ("id", "内容", "番号", "お問い合わせ内容", "source")
    assert plan.columns[5] == "plaint_source"
    assert [one.text_column for one in plan.sources] == ["内容", "お問い合わせ内容", "内容"]
    assert plan.types["id"] == "text"
    assert [one.encoding for one in plan.sources] == ["utf-8", "cp932", "utf-8"]


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "a.csv")
    inputs = [tmp_path / "x" / "a.csv", tmp_path / "y" / "a.csv"]
    plan = make_plan(inputs, tmp_path / "out.csv", FAKE, BatchOptions())
    assert [one.name for one in plan.sources] == [path.as_posix() for path in inputs]


def test_options_go_to_the_files_that_take_them(tmp_path: Path) -> None:
    text = write(tmp_path / "a.csv", encoding="cp932")
    inputs = [text, SAMPLES / "ko_hospital.xlsx", SAMPLES / "ja_railway.parquet"]
    options = BatchOptions(encoding="cp932", sheet="접수내역")
    plan = make_plan(inputs, tmp_path / "out.csv", FAKE, options)
    assert [one.sheet for one in plan.sources] == [None, "접수내역", None]
    with pytest.raises(UsageError, match="encoding"):
        make_plan(inputs[1:], tmp_path / "out.csv", FAKE, options)
    with pytest.raises(UsageError, match="sheet"):
        make_plan([text], tmp_path / "out.csv", FAKE, options)


@pytest.mark.parametrize("option", ["text_column", "id_column"])
def test_a_column_that_is_not_there(tmp_path: Path, option: str) -> None:
    options = BatchOptions(**{option: "본문"})
    with pytest.raises(UsageError, match=r"a\.csv: --.* names '본문'.*'id', '内容'"):
        make_plan([write(tmp_path / "a.csv")], tmp_path / "out.csv", FAKE, options)


def test_paths_that_do_not_fit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    rejects = rejects_path(tmp_path / "a.csv")
    rejects.write_text('{"row":1,"reason":"broken"}\n')
    (tmp_path / "folder.csv").mkdir()
    cases = [
        ([], tmp_path / "out.csv", "no file"),
        ([path], tmp_path / "out.txt", "must end with"),
        ([path], tmp_path / "no" / "out.csv", "no directory"),
        ([path], tmp_path / "folder.csv", "is a directory"),
        ([path], tmp_path / "." / "a.csv", "would be overwritten"),
        ([rejects], tmp_path / "a.csv", "would be overwritten"),
        ([path, tmp_path / "folder.csv" / ".." / "a.csv"], tmp_path / "out.csv", "named twice"),
        ([tmp_path / "b.csv"], tmp_path / "out.csv", "no such file"),
    ]
    for inputs, output, message in cases:
        with pytest.raises(UsageError, match=message):
            make_plan(inputs, output, FAKE, BatchOptions())
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(
        ["a.csv", rejects.name, "folder.csv"]
    )


def test_a_link_to_the_output_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    try:
        os.symlink(path, tmp_path / "out.csv")
    except OSError:
        pytest.skip("links need a privilege here")
    with pytest.raises(UsageError, match="would be overwritten"):
        make_plan([path], tmp_path / "out.csv", FAKE, BatchOptions())


def test_unchanged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    (source,) = make_plan([path], tmp_path / "out.csv", FAKE, BatchOptions()).sources
    os.utime(path, (1, 1))
    assert source.is_unchanged()
    path.write_bytes(path.read_bytes().replace(b"0,", b"9,"))
    assert not source.is_unchanged()


def test_head_names_no_place(tmp_path: Path) -> None:
    options = BatchOptions()
    plan = make_plan([write(tmp_path / "a.csv")], tmp_path / "out.csv", FAKE, options)
    assert str(tmp_path) not in str(plan.head(FAKE, options))


def test_a_resumed_run_wishes_for_the_same_precision(tmp_path: Path) -> None:
    options, other = BatchOptions(), FakeLabeller()
    other.precision = 0.8
    plan = make_plan([write(tmp_path / "a.csv")], tmp_path / "out.csv", FAKE, options)
    assert plan.head(FAKE, options) != plan.head(other, options)
