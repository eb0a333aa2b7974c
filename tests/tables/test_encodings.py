from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from benchmarks import encodings as bench
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.errors import EncodingUnclear, InputError, TableError, UsageError
from plaint.tables import _samples
from plaint.tables.encodings import Guess, detect, detect_file

LEGACY = ("cp932", "euc_jp", "cp949", "gb18030", "cp950", "big5hkscs")
CLEAR = [pair for pair in bench.PAIRS if pair[0] in LEGACY][:6]

JA = "店員の態度が悪く、返金もしてもらえませんでした。とても残念です。"
KO = "배송이 너무 늦어서 환불을 요청했는데 답변이 없습니다. 정말 실망입니다."
HANS = "快递迟到了三天，客服一直不回复，我要求退款。"
HANT = "店員態度很差，退款也沒有下文，我要投訴到底。"


@pytest.mark.parametrize(("encoding", "language"), CLEAR)
@pytest.mark.parametrize(("kind", "files"), [("1 row", 100), ("5 rows", 100), ("50 rows", 12)])
def test_files_of_held_out_messages_are_right(
    kind: str, files: int, encoding: str, language: str
) -> None:
    verdicts = bench.trial(kind, encoding, language, files)
    assert verdicts["wrong"] == 0
    assert verdicts["stopped"] <= (files // 20 if kind == "1 row" else 0)


@pytest.mark.parametrize(("encoding", "language"), bench.PAIRS)
@pytest.mark.parametrize("kind", bench.HARD)
def test_hard_files_are_never_wrong(kind: str, encoding: str, language: str) -> None:
    if kind == "half-width kana" and encoding not in ("cp932", "euc_jp"):
        kind = "names"
    assert bench.trial(kind, encoding, language, 25)["wrong"] == 0


def test_trial_decoding_alone_would_be_wrong() -> None:
    # What the ranking is there for: gb18030 accepts the bytes of another encoding.
    data = f"id,text\r\n1,{KO}\r\n".encode("cp949")
    assert data.decode("gb18030")
    assert detect(data) == "cp949"


@pytest.mark.parametrize(
    ("mark", "codec", "name"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    ],
)
def test_a_byte_order_mark_decides(mark: bytes, codec: str, name: str) -> None:
    data = mark + f"id,text\n1,{JA}\n".encode(codec)
    assert detect(data) == name
    assert data.decode(name).startswith("id,")
    assert detect(data, named="cp932") == name


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["text\n", f"{JA}\n{JA}\n", "id,text\r\n1,ひどい\r\n"])
def test_utf_16_without_a_mark_is_asked_for(codec: str, text: str) -> None:
    data = text.encode(codec)
    with pytest.raises(EncodingUnclear, match=f"name {codec}"):
        detect(data)
    assert detect(data, named=codec) == codec
    with pytest.raises(TableError, match="utf-16-le or utf-16-be"):
        detect(data, named="utf-16")


@pytest.mark.parametrize("data", [b"", b"a", b"id,text\n1,late\n", bytes(range(1, 0x1B)) * 9])
def test_ascii_is_utf_8(data: bytes) -> None:
    assert detect(data) == "utf-8"


@pytest.mark.parametrize("codec", ["iso2022_jp", "iso2022_jp_2004", "iso2022_kr"])
def test_escape_sequences(codec: str) -> None:
    text = KO if codec == "iso2022_kr" else JA
    data = f"id,text\n1,{text}\n".encode(codec)
    assert data.decode(detect(data)) == data.decode(codec)
    with pytest.raises(EncodingUnclear, match="ISO-2022"):
        detect(data + b"\x1b$B\x7f")


def test_close_call_has_ranking_and_advice() -> None:
    with pytest.raises(EncodingUnclear) as caught:
        detect("id,text\n1,店\n".encode("euc_jp"))
    ranking = caught.value.ranking  # type: ignore[attr-defined]
    assert all(isinstance(guess, Guess) for guess in ranking)
    assert ranking[0].score == 0
    assert sorted(ranking, key=lambda guess: guess.score) == list(ranking)
    assert "name the encoding" in str(caught.value)
    assert ranking[1].name in str(caught.value)
    assert str(caught.value).isascii()


def test_other_encodings_stop() -> None:
    russian = "Доставка опоздала на три дня, деньги не вернули, очень плохо".encode("koi8_r")
    french = "Livraison très en retard, déçu, remboursez-moi s'il vous plaît".encode("cp1252")
    thai = "ส่งของช้ามาก พนักงานพูดจาไม่ดี ขอคืนเงิน".encode("cp874")
    for data in (russian, french, thai):
        with pytest.raises(EncodingUnclear):
            detect(b"id,text\n1," + data + b"\n")


def test_a_named_encoding_is_taken_at_its_superset() -> None:
    data = "id,text\n1,①㈱髙橋\n".encode("cp932")
    for name in ("shift_jis", "Shift-JIS", "sjis", "cp932", "ms932", "windows-31j"):
        assert detect(data, named=name) == "cp932"
    assert detect("1,똠방각하".encode("cp949"), named="euc-kr") == "cp949"
    assert detect("1,镕㐀".encode("gb18030"), named="GB2312") == "gb18030"
    assert detect("1,恒生碁".encode("cp950"), named="big5") == "cp950"
    assert detect("1,啲嘢喺度".encode("big5hkscs"), named="big5") == "big5hkscs"


def test_a_named_encoding_that_does_not_decode_says_where() -> None:
    data = f"id,text\n1,ok\n2,{JA}\n3,x\n".encode("cp932")
    with pytest.raises(TableError, match=r"not valid euc_jp at line 3, byte \d+ \(1 of 1 lines"):
        detect(data, named="euc_jp")
    with pytest.raises(TableError) as caught:
        detect(data, named="utf-8")
    assert str(caught.value).isascii()


def test_certain_utf_8_overrules_the_name() -> None:
    assert detect(f"1,{JA}\n".encode(), named="cp932") == "utf-8"
    # Two half-width kana are valid UTF-8 by accident: here the name counts.
    assert detect("1,ﾂｱ\n".encode("cp932"), named="cp932") == "cp932"
    with pytest.raises(EncodingUnclear):
        detect("1,ﾂｱ\n".encode("cp932"))


@pytest.mark.parametrize(
    "name", ["klingon", "", "rot13", "base64", "hex", "cp037", "utf-7", "idna", "a\0b", "x" * 99]
)
def test_names_that_are_no_encoding_of_tables(name: str) -> None:
    with pytest.raises(UsageError, match="name for example"):
        detect(b"a", named=name)


def test_half_a_character_at_the_end_of_a_sample_is_no_evidence() -> None:
    data = f"id,text\n1,{JA}\n2,{JA}".encode("cp932")
    assert detect(data[:-1], complete=False) == "cp932"
    with pytest.raises(EncodingUnclear, match="cp932 fits best, but line 3"):
        detect(data[:-1])


@pytest.mark.parametrize(("codec", "text"), [("utf-8", JA), ("cp932", JA), ("cp949", KO)])
def test_one_broken_line_in_hundreds_is_left_to_the_reader(codec: str, text: str) -> None:
    line = text.encode(codec)
    data = b"text\n" + b"\n".join([line] * 300 + [line[:-1]] + [line] * 100)
    assert detect(data) == codec
    assert detect(data, named=codec) == codec


def test_a_repeated_answer_is_no_more_evidence_than_one() -> None:
    one = "1,店\n".encode("euc_jp")
    with pytest.raises(EncodingUnclear):
        detect(one * 5000)


@pytest.fixture
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_samples, "_WHOLE_BYTES", 4096)
    monkeypatch.setattr(_samples, "_FIRST_BYTES", 2048)
    monkeypatch.setattr(_samples, "_LATER_BYTES", 512)
    monkeypatch.setattr(_samples, "_CHUNK_BYTES", 2048)
    monkeypatch.setattr(_samples, "_ENOUGH_BYTES", 256)


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize("before", [0, 3000, 31_000, 100_000])
def test_letters_late_in_a_large_file_are_found(tmp_path: Path, before: int) -> None:
    path = tmp_path / "a.csv"
    ascii_lines = b"12345,plain\n" * (before // 12)
    rest = f"1,{JA}\n".encode("cp932") * 4
    path.write_bytes(b"id,text\n" + ascii_lines + rest + b"9,end\n" * 2000)
    assert detect_file(path) == "cp932"
    assert detect_file(path, named="shift_jis") == "cp932"
    with pytest.raises(TableError, match=r"not valid utf-8 at (line \d+, )?byte \d+ \("):
        detect_file(path, named="utf-8")


@pytest.mark.usefixtures("small_samples")
def test_a_large_file_of_two_encodings_stops(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"1,{JA}\n".encode("cp932") * 100 + f"1,{KO}\n".encode("cp949") * 100)
    with pytest.raises(EncodingUnclear):
        detect_file(path)


@given(st.binary(max_size=200), st.sampled_from([None, "cp932", "gbk", "utf-16", "utf-16-le"]))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_any_bytes_give_a_name_that_decodes_or_our_error(data: bytes, named: str | None) -> None:
    try:
        name = detect(data, named=named)
    except InputError:
        return
    assert isinstance(data.decode(name), str)


@given(st.text(st.characters(codec="cp932", exclude_characters="¢£¬‖−〜\0\x1b"), max_size=60))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_any_japanese_characters_are_right_or_stopped(text: str) -> None:
    assert bench.judge(f"id,text\n1,{text}\n".encode("cp932"), "cp932") != "wrong"
