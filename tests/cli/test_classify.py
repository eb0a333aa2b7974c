from __future__ import annotations

import json
from typing import Any

import pytest

from plaint.cli.classify import shortened, words
from plaint.label.labeller import Labeller

TEXT = "注文した靴が届きません。電話もつながらないです"
KOREAN = "배송이 너무 늦어요ㅠㅠ 환불해 주세요"


def test_a_message_gives_a_row_per_task(plaint: Any, tiny_labeller: Labeller) -> None:
    done = plaint("classify", TEXT)
    assert done.exit_code == 0, done.stderr
    firsts = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert [one for one in firsts if one in tiny_labeller.tasks] == list(tiny_labeller.tasks)
    assert f"Language: ja. Version: {tiny_labeller.version}." in done.stdout


def test_json_is_the_prediction(plaint: Any, tiny_labeller: Labeller) -> None:
    args = ("--id", "a1", "--explain", "--language", "ja", "--prior", "training", "--json")
    done = plaint("classify", TEXT, *args)
    expected = tiny_labeller.predictions(
        [TEXT], ["a1"], prior="training", language="ja", evidence=True
    )
    assert json.loads(done.stdout) == expected[0]


def test_lines_of_standard_input_in_order(plaint: Any, tiny_labeller: Labeller) -> None:
    done = plaint("classify", "--json", stdin=f"{TEXT}\r\n\n{KOREAN}")
    assert done.exit_code == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found == tiny_labeller.predictions([TEXT, "", KOREAN], ["1", "2", "3"])
    assert found[1]["warnings"]


def test_a_dash_means_standard_input(plaint: Any) -> None:
    assert len(plaint("classify", "-", "--json", stdin=f"{TEXT}\n").stdout.splitlines()) == 1


def test_no_line_no_answer(plaint: Any) -> None:
    for options in ([], ["--json"], ["--json", "--prior", "estimate"]):
        done = plaint("classify", *options, stdin="")
        assert (done.exit_code, done.stdout.strip()) == (0, "")


def test_shares_are_estimated_from_all_lines(plaint: Any, tiny_labeller: Labeller) -> None:
    lines = [TEXT, KOREAN] * 3
    done = plaint("classify", "--json", "--prior", "estimate", stdin="\n".join(lines))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    ids = [str(number) for number in range(1, 7)]
    assert found == tiny_labeller.predictions(lines, ids, prior="estimate")


def test_several_messages_make_one_table(plaint: Any) -> None:
    done = plaint("classify", stdin=f"{TEXT}\n{KOREAN}\n")
    lines = done.stdout.splitlines()
    assert sum("ja" in line.split() for line in lines) == 1
    assert sum("ko" in line.split() for line in lines) == 1


def test_standard_input_in_another_encoding(plaint: Any) -> None:
    data = f"{KOREAN}\n".encode("cp949")
    done = plaint("classify", "--encoding", "cp949", "--json", stdin=data)
    assert json.loads(done.stdout)["language"] == "ko"
    done = plaint("classify", "--json", stdin=b"ok\n" + data)
    assert done.exit_code == 3
    assert "line 2" in done.stderr or "line 1" in done.stderr
    assert "--encoding" in done.stderr
    assert plaint("classify", "--encoding", "klingon", stdin="").exit_code == 2


def test_a_byte_order_mark_is_no_part_of_the_message(plaint: Any) -> None:
    marked = plaint("classify", "--json", stdin=f"\ufeff{TEXT}\n")
    assert marked.stdout == plaint("classify", "--json", stdin=f"{TEXT}\n").stdout


def test_an_id_needs_its_message(plaint: Any) -> None:
    assert plaint("classify", "--id", "a", stdin=TEXT).exit_code == 2


def test_precision_and_version(plaint: Any, tiny_labeller: Labeller) -> None:
    version = tiny_labeller.version
    done = plaint("classify", TEXT, "--version", version, "--precision", "0.95", "--json")
    assert json.loads(done.stdout)["version"] == version
    assert plaint("classify", TEXT, "--version", "v-00000000").exit_code == 4
    assert plaint("classify", TEXT, "--precision", "1.5").exit_code == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a b", "a b"), ("a\n\tb", "a b"), ("あ" * 6, "あ" * 6), ("あ" * 7, "あ" * 5 + "..")],
)
def test_a_text_is_shortened_by_its_width(text: str, shown: str) -> None:
    assert shortened(text, 12) == shown


def test_words_are_the_strongest_few() -> None:
    places = [(0, 1), (1, 2), (2, 3), (0, 1), (3, 4), (4, 5)]
    spans = [{"start": start, "end": end} for start, end in places]
    assert words("a bcd", spans) == "a / b / c"


@pytest.mark.parametrize("name", ["base64", "rot13", "no-such"])
def test_what_encodes_no_text_is_refused(plaint: Any, name: str) -> None:
    done = plaint("classify", "--json", "--encoding", name, stdin=TEXT)
    assert done.exit_code == 2
    assert "There is no encoding" in done.stderr


def test_a_line_that_does_not_end_is_refused(plaint: Any) -> None:
    done = plaint("classify", "--json", stdin="a" * 1_200_000)
    assert done.exit_code == 3
    assert "Line 1 of standard input" in done.stderr


def test_a_message_commands_no_terminal(plaint: Any) -> None:
    text = f"\x1b[31m{TEXT}\x9b\u202e"
    for args in (("classify", text, "--explain"), ("explain", text), ("classify",)):
        done = plaint(*args, stdin=text)
        assert done.exit_code == 0, done.stderr
        assert not {"\x1b", "\x9b", "\u202e"} & set(done.stdout)
