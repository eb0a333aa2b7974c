from __future__ import annotations

import io

import numpy as np
import pytest
import sentencepiece as spm
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.label.labeller import Labeller
from plaint.model._pieces import JoinedPieces

BETWEEN = 0xFFFFFFFF

Tokens = list[list[int]]


def cut(pieces: JoinedPieces, texts: list[str]) -> Tokens:
    joined = "\n".join(("", *texts, ""))
    codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
    tokens, edges = pieces.encode(codes, np.flatnonzero(codes == ord("\n")), BETWEEN)
    assert len(edges) == len(texts) + 1
    assert (tokens[edges] == BETWEEN).all()
    assert (edges[0], edges[-1]) == (0, len(tokens) - 1)
    return [tokens[a + 1 : b].tolist() for a, b in zip(edges[:-1], edges[1:], strict=True)]


@pytest.fixture(scope="module")
def model(tiny_labeller: Labeller) -> bytes:
    return tiny_labeller.classifier.tokenizer_.model_


@pytest.fixture(scope="module")
def pieces(model: bytes) -> JoinedPieces:
    return JoinedPieces(model)


ALPHABET = "返品したいのですが배송이너무늦어요客服不回复我要退款 aA1!\u2581\u2585\0😀ﷺ\u3000"
TEXTS = st.lists(st.text(st.sampled_from(ALPHABET), max_size=30), max_size=12)


@given(texts=TEXTS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_neighbours_change_nothing(pieces: JoinedPieces, texts: list[str]) -> None:
    together = cut(pieces, texts) if texts else []
    assert together == [cut(pieces, [text])[0] for text in texts]
    for own, text in zip(together, texts, strict=True):
        assert len(own) == len(pieces.spans(text))


def test_long_and_many_texts(pieces: JoinedPieces, tiny_labeller: Labeller) -> None:
    texts = ["返品したい" * 1_000, "", "まだ届きません", "客服" * 3_000, *["배송이 늦어요"] * 800]
    found = cut(pieces, texts)
    assert found == [cut(pieces, [text])[0] for text in texts]
    assert len({tuple(own) for own in found[4:]}) == 1
    assert found[1] == []


def test_rounded_scores_cut_like_the_model_itself(
    pieces: JoinedPieces, tiny_labeller: Labeller
) -> None:
    texts = ["返品したいのですが", "배송이 너무 늦어요", "客服一直不回复，我要退款"] * 5
    assert cut(pieces, texts) == tiny_labeller.classifier.tokenizer_.encode(texts)


def test_spans_cover_the_text(pieces: JoinedPieces) -> None:
    text = "返品したい 😀 배송이"
    spans = pieces.spans(text)
    assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == len(text)
    assert pieces.spans("") == []


def test_a_model_that_knows_the_separator_is_asked_text_by_text() -> None:
    out = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(["ab\nab", "ab\nba"] * 20),
        model_writer=out,
        vocab_size=8,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        user_defined_symbols=["\n"],
        minloglevel=2,
    )
    pieces = JoinedPieces(out.getvalue())
    plain = spm.SentencePieceProcessor(model_proto=out.getvalue())
    texts = ["ab", "", "ba ab"]
    assert cut(pieces, texts) == plain.encode(texts)
