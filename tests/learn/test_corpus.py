from __future__ import annotations

from pathlib import Path

import pytest

from plaint.errors import CorpusError
from plaint.learn.corpus import load_corpus
from plaint.tables.writers import open_writer
from plaint.taxonomy import Taxonomy

HEAD = "id,text,language,complaint,root_cause,factor,emotional_state,demand,escalation"


def messages(path: Path, *rows: str, head: str = HEAD) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_shipped_corpus_has_messages_and_phrases(taxonomy: Taxonomy) -> None:
    corpus = load_corpus(taxonomy)
    assert set(corpus.rows.columns) >= {"id", "text", "language", "group", "phrase"}
    assert set(corpus.rows["language"]) == {"ja", "ko", "zh-Hans", "zh-Hant"}
    assert 0 < len(corpus.messages) < len(corpus.rows)
    assert not corpus.messages["phrase"].any()


def test_own_messages_come_without_the_shipped_phrases(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = messages(tmp_path / "own.csv", "1,返金して,ja,yes,service,,angry,refund,none")
    corpus = load_corpus(taxonomy, [path])
    assert corpus.rows["phrase"].tolist() == [False]
    assert corpus.rows["factor"].tolist() == [""]
    # Where no column names the group, every message is one of its own.
    assert corpus.rows["group"].tolist() == ["1"]


def test_a_group_column_is_kept(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = messages(
        tmp_path / "own.csv",
        "1,返金して,ja,yes,service,,angry,refund,none,c7",
        "2,遅い,ja,yes,service,,angry,none,none,",
        head=f"{HEAD},group",
    )
    assert load_corpus(taxonomy, [path]).rows["group"].tolist() == ["c7", "2"]


def test_a_phrase_brings_the_labels_that_follow_from_its_own(
    tmp_path: Path, taxonomy: Taxonomy
) -> None:
    own = messages(tmp_path / "own.csv", "1,返金して,ja,yes,service,,angry,refund,none")
    phrases = messages(
        tmp_path / "phrases.csv",
        "p1,遅すぎる,ja,factor,service/delay",
        "p2,あきれた,ja,emotional_state,angry",
        head="id,text,language,task,label",
    )
    rows = load_corpus(taxonomy, [own], [phrases]).rows.set_index("id")
    assert rows.loc["p1", ["complaint", "root_cause", "factor"]].tolist() == [
        "yes",
        "service",
        "delay",
    ]
    assert rows.loc["p2", "emotional_state"] == "angry"
    assert rows.loc["p2", "complaint"] == ""
    assert rows["phrase"].tolist() == [False, True, True]


def test_the_digest_is_that_of_the_data(tmp_path: Path, taxonomy: Taxonomy) -> None:
    row = "1,返金して,ja,yes,service,,angry,refund,none"
    same = [load_corpus(taxonomy, [messages(tmp_path / name, row)]) for name in ("a.csv", "b.csv")]
    other = load_corpus(taxonomy, [messages(tmp_path / "c.csv", row.replace("angry", "calm"))])
    assert same[0].digest == same[1].digest != other.digest
    assert other.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("row", "complains"),
    [
        ("1,返金して,ja,yes,shop,,angry,refund,none", r"row 1: .*'root_cause'.*'shop'"),
        ("1,返金して,xx,yes,service,,angry,refund,none", "language 'xx' is none of"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, taxonomy: Taxonomy, row: str, complains: str) -> None:
    with pytest.raises(CorpusError, match=complains) as caught:
        load_corpus(taxonomy, [messages(tmp_path / "own.csv", row)])
    assert "返金" not in str(caught.value)


def test_a_phrase_of_an_unknown_task_is_named(tmp_path: Path, taxonomy: Taxonomy) -> None:
    own = messages(tmp_path / "own.csv", "1,返金して,ja,yes,service,,angry,refund,none")
    head = "id,text,language,task,label"
    phrases = messages(tmp_path / "phrases.csv", "p1,遅い,ja,colour,red", head=head)
    with pytest.raises(CorpusError, match="row 1: there is no task 'colour'"):
        load_corpus(taxonomy, [own], [phrases])


def test_a_missing_column_is_named(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = messages(tmp_path / "own.csv", "1,返金して", head="id,text")
    with pytest.raises(CorpusError, match="lacks the columns language, complaint"):
        load_corpus(taxonomy, [path])


def test_no_message_at_all(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with pytest.raises(CorpusError, match="the files hold none"):
        load_corpus(taxonomy, [messages(tmp_path / "own.csv")])


def test_messages_without_an_id_are_groups_of_their_own(tmp_path: Path, taxonomy: Taxonomy) -> None:
    row = ",返金して,ja,yes,service,,angry,refund,none"
    rows = load_corpus(taxonomy, [messages(tmp_path / "own.csv", row, row)]).rows
    assert rows["group"].nunique() == 2


def test_files_of_offices_are_read(tmp_path: Path, taxonomy: Taxonomy) -> None:
    cells = ["1", "返金してほしいと何度も言いました", "ja", "yes", "service", "", "", "refund", ""]
    csv = tmp_path / "own.csv"
    csv.write_text(f"{HEAD}\n{','.join(cells)}\n", encoding="cp932")
    book = tmp_path / "own.xlsx"
    with open_writer(book, HEAD.split(",")) as writer:
        writer.write(cells)
    for path in (csv, book):
        assert load_corpus(taxonomy, [path]).rows["text"].tolist() == [cells[1]]
