from __future__ import annotations

import math
import pickle
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks
from tests.model import estimators

from plaint.model import _ngrams
from plaint.model.features import PieceVectorizer, fold
from plaint.model.tokenizer import SentencePieceTokenizer
from plaint.text import han

TEXTS = [
    "返品したいのですが、連絡がつきません",
    "まだ届きません。三週間も待っています",
    "환불해 주세요. 고객센터가 전화를 받지 않아요",
    "배송이 너무 늦어요ㅠㅠ",
    "客服一直不回复，我要退款",
    "质量太差，用了两天就坏了 😡",
] * 2
TOKENIZER = SentencePieceTokenizer(vocab_size=150).fit(TEXTS)
# Few enough that texts share n-grams, with what is hard: variants, upper case, the signs of the
# names, astral characters, a reserved mark, letters whose lower case is two characters.
ALPHABET = "返品不可連國国届ません환불ㅠ客服退款 ABab^+\\▁😡𠮷İẞ\ufffd"

quick = settings(derandomize=True, deadline=None, max_examples=60)
texts_of = st.lists(st.text(ALPHABET, max_size=14), min_size=1, max_size=6)


def vectorizer(**parameters: Any) -> PieceVectorizer:
    return PieceVectorizer(TOKENIZER, **{"min_df": 1, **parameters})


@pytest.fixture(scope="module")
def fitted() -> PieceVectorizer:
    return vectorizer().fit(TEXTS)


@parametrize_with_checks(
    [PieceVectorizer(SentencePieceTokenizer(vocab_size=30), min_df=1)],
    expected_failed_checks=lambda estimator: estimators.EXPECTED_FAILURES,
)
def test_scikit_learn(estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    estimators.run(check, estimator, monkeypatch)


# --- a slow second opinion -------------------------------------------------------------------

EDGE = object()


def folded(text: str, language: str | None) -> str:
    kept = [
        letter.lower() if letter < "\U00010000" and len(letter.lower()) == 1 else letter
        for letter in text.replace("\n", " ")
    ]
    variant = "zh-Hans" if language == "zh" else language
    return han.fold("".join(kept), variant) if variant else "".join(kept)


def grams(tokens: list[Any], order: int) -> Counter[tuple[Any, ...]]:
    """Count the n-grams; an edge may begin or end one that holds a token besides."""
    padded = [EDGE, *tokens, EDGE]
    found: Counter[tuple[Any, ...]] = Counter()
    for first in range(len(padded)):
        for last in range(first + 1, min(first + order, len(padded)) + 1):
            gram = tuple(padded[first:last])
            if EDGE not in gram[1:-1] and any(token is not EDGE for token in gram):
                found[gram] += 1
    return found


def escaped(token: Any, signs: str) -> str:
    if token is EDGE:
        return "^"
    return "".join("\\" + letter if letter in signs else letter for letter in token)


def reference(
    model: PieceVectorizer, training: list[str], texts: list[str]
) -> tuple[list[dict[str, float]], dict[str, int]]:
    """Return rows by name of feature, and in how many training texts each n-gram stands."""
    pieces = model.tokenizer_.pieces()
    learned = set(model.get_feature_names_out())
    blocks = [("piece:", model.piece_ngrams, "+", "^+\\"), ("char:", model.char_ngrams, "", "^\\")]
    rows: list[dict[str, float]] = [{} for _ in texts]
    frequency: dict[str, int] = {}
    for kind, order, glue, signs in blocks:

        def named(
            text: str, kind: str = kind, order: int = order, glue: str = glue, signs: str = signs
        ) -> Counter[str]:
            flat = folded(text, model.language)
            ids = model.tokenizer_.encode([flat])[0]
            tokens = [pieces[number] for number in ids] if kind == "piece:" else list(flat)
            return Counter(
                {
                    kind + glue.join(escaped(token, signs) for token in gram): count
                    for gram, count in grams(tokens, order).items()
                }
            )

        in_texts = Counter(name for text in training for name in named(text))
        own = {name: count for name, count in in_texts.items() if count >= model.min_df}
        frequency |= own
        for row, text in zip(rows, texts, strict=True):
            known = {name: count for name, count in named(text).items() if name in learned}
            idf = {name: math.log((1 + len(training)) / (1 + own[name])) + 1 for name in known}
            length = math.sqrt(sum(count * idf[name] ** 2 for name, count in known.items()))
            row |= {name: count * idf[name] / length for name, count in known.items()}
    return rows, frequency


def place(model: PieceVectorizer, name: str) -> tuple[str, int]:
    """Return the block and the place in its table of a learned n-gram."""
    column = list(model.get_feature_names_out()).index(name)
    return name.split(":")[0], int(model.hashes_[column] >> _ngrams._SHIFT)


def as_rows(model: PieceVectorizer, matrix: sparse.csr_matrix) -> list[dict[str, float]]:
    names = model.get_feature_names_out()
    return [dict(zip(names[row.indices], row.data.tolist(), strict=True)) for row in matrix]


class TestValues:
    @quick
    @given(
        training=texts_of,
        texts=texts_of,
        orders=st.sampled_from([(0, 1), (1, 0), (2, 3), (3, 2), (1, 5)]),
        min_df=st.integers(1, 2),
        language=st.sampled_from([None, "ja", "ko", "zh", "zh-Hant"]),
    )
    def test_equals_the_second_opinion(
        self,
        training: list[str],
        texts: list[str],
        orders: tuple[int, int],
        min_df: int,
        language: str | None,
    ) -> None:
        model = vectorizer(
            piece_ngrams=orders[0], char_ngrams=orders[1], min_df=min_df, language=language
        )
        try:
            model.fit(training)
        except ValueError:
            reject()  # no n-gram in min_df texts
        names = model.get_feature_names_out()
        assert len(set(names)) == len(names)
        expected, frequency = reference(model, training, [*texts, *training])
        assert set(names) <= set(frequency)
        # Only a shared place in the table of 2^20 excuses a missing n-gram.
        assert len(frequency) - len(names) <= len(names) ** 2 // 50_000
        found = as_rows(model, model.transform([*texts, *training]))
        assert [set(row) for row in found] == [set(row) for row in expected]
        for own, other in zip(found, expected, strict=True):
            assert own == pytest.approx(other, rel=1e-5)

    @quick
    @given(texts=texts_of)
    def test_each_block_has_unit_length_by_its_occurrences(
        self, fitted: PieceVectorizer, texts: list[str]
    ) -> None:
        model = fitted
        for block in model.transform_blocks(texts):
            lengths = np.array([np.linalg.norm(row.data) for row in block])
            assert np.all((lengths == 0) | (np.abs(lengths - 1) < 1e-5))

    def test_matrix_is_one_lean_csr(self, fitted: PieceVectorizer) -> None:
        matrix = fitted.transform(TEXTS)
        assert sparse.issparse(matrix)
        assert matrix.format == "csr"
        assert matrix.dtype == np.float32
        assert matrix.shape == (len(TEXTS), len(fitted.hashes_))
        assert matrix.has_sorted_indices
        assert matrix.has_canonical_format
        assert (matrix.data > 0).all()

    @quick
    @given(texts=st.lists(st.text(ALPHABET + "\n", max_size=20), max_size=8))
    def test_rows_do_not_depend_on_the_batch(
        self, fitted: PieceVectorizer, texts: list[str]
    ) -> None:
        model = fitted
        together = model.transform(texts)
        alone = [model.transform([text]) for text in texts]
        assert together.shape[0] == len(texts)
        if texts:
            assert (together != sparse.vstack(alone)).nnz == 0  # to the last bit
        assert (together[::-1] != model.transform(texts[::-1])).nnz == 0

    @quick
    @given(texts=texts_of)
    def test_blocks_side_by_side_are_the_matrix(
        self, fitted: PieceVectorizer, texts: list[str]
    ) -> None:
        model = fitted
        blocks = sparse.hstack(model.transform_blocks(texts)).toarray()
        np.testing.assert_allclose(blocks, model.transform(texts).toarray(), rtol=1e-6)

    @pytest.mark.parametrize(
        "text", ["", "\n", "龘龖", "\ud800", "\ud83d\ude21", "😡", "\0", "a" * 9_000]
    )
    def test_odd_texts_have_a_row(self, fitted: PieceVectorizer, text: str) -> None:
        matrix = fitted.transform(["返品", text, "客服"])
        assert matrix.shape == (3, len(fitted.hashes_))
        assert np.isfinite(matrix.data).all()
        for number, neighbour in ((0, "返品"), (2, "客服")):
            assert (matrix[number] != fitted.transform([neighbour])).nnz == 0

    def test_an_empty_text_and_an_empty_batch(self, fitted: PieceVectorizer) -> None:
        assert fitted.transform([""]).nnz == 0
        assert fitted.transform([]).shape == (0, len(fitted.hashes_))
        assert [block.shape[0] for block in fitted.transform_blocks([])] == [0, 0]
        found = fitted.occurrences("")
        assert len(found.columns) == len(found.values) == len(found.starts) == len(found.ends) == 0

    def test_a_line_break_is_a_space(self, fitted: PieceVectorizer) -> None:
        broken = fitted.transform(["返品\n不可", "客服"])
        assert (broken != fitted.transform(["返品 不可", "客服"])).nnz == 0

    def test_it_can_be_learned_from_texts_with_surrogates_and_empty_ones(self) -> None:
        model = PieceVectorizer(SentencePieceTokenizer(vocab_size=60), min_df=1)
        model.fit(["", "\ud800返品", "返品\n不可", "😡"])
        assert "char:😡" in model.get_feature_names_out()
        assert "char:?" in model.get_feature_names_out()

    def test_case_and_variants_are_folded_by_language(self) -> None:
        for language, pairs in (
            ("ja", "國国"),
            ("zh", "國国"),
            ("zh-Hant", "國国"),
            ("zh-Hans", "國国"),
        ):
            model = vectorizer(language=language).fit(["國家Ａa", "国家"])
            first, second = model.transform([pairs[0], pairs[1]])
            assert (first != second).nnz == 0, language
        model = vectorizer(language="ko").fit(["國家", "国家"])
        first, second = model.transform(["國", "国"])
        assert (first != second).nnz > 0
        assert fold(["AbÉ國", ""], "ja") == ["abé国", ""]
        assert fold(["AbÉ國", ""], None) == ["abé國", ""]
        assert fold([], "ja") == []


class TestOccurrences:
    @quick
    @given(text=st.text(ALPHABET + "\n", max_size=24))
    def test_they_add_up_to_the_row_and_stand_where_they_say(self, text: str) -> None:
        model = vectorizer(language="ja", piece_ngrams=3).fit(TEXTS)
        found = model.occurrences(text)
        row = np.zeros(len(model.hashes_), dtype=np.float64)
        np.add.at(row, found.columns, found.values)
        np.testing.assert_allclose(row, model.transform([text]).toarray()[0], rtol=1e-5, atol=1e-7)
        assert ((found.starts >= 0) & (found.ends <= len(text))).all()
        assert (found.starts < found.ends).all()
        shown = folded(text, "ja").replace(" ", "▁")
        names = model.get_feature_names_out()
        for column, start, end in zip(found.columns, found.starts, found.ends, strict=True):
            kind, name = names[column].split(":", 1)
            covered = shown[start:end]
            if kind == "char":
                covered = covered.replace("▁", " ") if " " in name else covered
            if "<unk>" in name or "\\" in name:
                continue
            glued = name.replace("+", "") if kind == "piece" else name
            inner = glued.removeprefix("^") if start == 0 else glued
            inner = inner.removesuffix("^") if end == len(text) else inner
            assert covered == inner
        assert found.columns.dtype == found.starts.dtype == found.ends.dtype == np.int32

    def test_pieces_have_places(self) -> None:
        model = vectorizer(language="zh").fit(TEXTS)
        text = "客服一直不回覆 😡"
        spans = model.piece_spans(text)
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
        assert (spans[0][0], spans[-1][1]) == (0, len(text))


class TestNames:
    def test_names_say_block_and_n_gram(self, fitted: PieceVectorizer) -> None:
        names = fitted.get_feature_names_out()
        assert names.dtype == object
        assert len(names) == len(fitted.hashes_) == len(fitted.idf_)
        kinds = [name.split(":")[0] for name in names]
        assert kinds == ["piece"] * fitted.n_piece_features_ + ["char"] * (
            len(names) - fitted.n_piece_features_
        )
        assert {"char:返品", "char:^返品", "char:款^"} <= set(names)
        assert len(set(names)) == len(names)

    def test_the_signs_of_names_are_escaped_where_texts_hold_them(self) -> None:
        texts = ["a^b", "ab", "a+b", "a\\b", "^"]
        tokenizer = SentencePieceTokenizer(vocab_size=60).fit(texts * 3)
        model = PieceVectorizer(tokenizer, min_df=1, char_ngrams=2).fit(texts)
        names = set(model.get_feature_names_out())
        assert len(names) == len(model.hashes_)
        assert {"char:^a", r"char:a\^", r"char:a\\", "char:a+", "char:b^"} <= names


class TestLearning:
    def test_a_rare_n_gram_is_left_out(self) -> None:
        model = vectorizer(min_df=2, piece_ngrams=0).fit(["返品", "返金", "返品"])
        names = set(model.get_feature_names_out())
        assert "char:返品" in names
        assert "char:返金" not in names

    def test_texts_count_once_however_often_they_repeat_an_n_gram(self) -> None:
        model = vectorizer(piece_ngrams=0, char_ngrams=1).fit(["ああああ", "あい"])
        idf = dict(zip(model.get_feature_names_out(), model.idf_, strict=True))
        assert idf["char:あ"] == pytest.approx(math.log(3 / 3) + 1)
        assert idf["char:い"] == pytest.approx(math.log(3 / 2) + 1)

    def test_the_order_of_the_texts_does_not_matter(self, fitted: PieceVectorizer) -> None:
        other = vectorizer().fit(TEXTS[::-1])
        assert other.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
        np.testing.assert_array_equal(other.idf_, fitted.idf_)

    @pytest.mark.parametrize("bits", [2, 4, 6])
    def test_of_n_grams_in_one_place_the_more_frequent_stays(
        self, monkeypatch: pytest.MonkeyPatch, bits: int
    ) -> None:
        whole = vectorizer().fit(TEXTS)
        monkeypatch.setattr(_ngrams, "_TABLE_BITS", bits)
        monkeypatch.setattr(_ngrams, "_SHIFT", np.uint32(32 - bits))
        model = vectorizer().fit(TEXTS)
        names = model.get_feature_names_out()
        assert len(names) <= 2 << bits
        assert len(names) < len(whole.hashes_)
        _, frequency = reference(whole, TEXTS, [])
        best: dict[tuple[str, int], int] = {}
        for name in whole.get_feature_names_out():
            best[place(whole, name)] = max(best.get(place(whole, name), 0), frequency[name])
        learned = {place(model, name): frequency[name] for name in names}
        assert len(learned) == len(names)  # no place twice
        assert learned == best
        # What lost its place is not taken for what has it.
        expected, _ = reference(model, TEXTS, TEXTS)
        for own, other in zip(as_rows(model, model.transform(TEXTS)), expected, strict=True):
            assert own == pytest.approx(other, rel=1e-5)

    def test_a_fitted_tokenizer_is_used_and_an_unfitted_one_is_fitted(self) -> None:
        assert vectorizer().fit(TEXTS).tokenizer_ is TOKENIZER
        wanted = SentencePieceTokenizer(vocab_size=120)
        model = PieceVectorizer(wanted).fit(TEXTS)
        assert not hasattr(wanted, "model_")
        assert model.tokenizer_.n_pieces_ <= 120
        assert PieceVectorizer().fit(TEXTS).tokenizer_.get_params()["vocab_size"] == 16_000

    def test_a_frozen_tokenizer_stays_fitted_through_clone(self) -> None:
        model = clone(PieceVectorizer(FrozenEstimator(TOKENIZER), min_df=1)).fit(TEXTS)
        assert model.tokenizer_.model_ == TOKENIZER.model_
        assert (model.transform(TEXTS) != vectorizer().fit_transform(TEXTS)).nnz == 0

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"piece_ngrams": -1}, "must not be negative"),
            ({"piece_ngrams": 0, "char_ngrams": 0}, "one of them must count something"),
            ({"min_df": 0}, "min_df must be at least 1, got 0"),
            ({"min_df": 99}, "at least min_df=99 texts, found none in 12 texts"),
        ],
    )
    def test_parameters_are_checked_when_fitting(
        self, parameters: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            vectorizer(**parameters).fit(TEXTS)

    @pytest.mark.parametrize("left_out", ["piece_ngrams", "char_ngrams"])
    def test_one_block_alone(self, left_out: str) -> None:
        model = vectorizer(**{left_out: 0}).fit(TEXTS)
        kept = "char:" if left_out == "piece_ngrams" else "piece:"
        assert all(name.startswith(kept) for name in model.get_feature_names_out())
        assert len(model.transform_blocks(TEXTS)) == 1
        found = model.occurrences(TEXTS[0])
        assert found.ends.max() == len(TEXTS[0])


class TestContract:
    def test_fit_returns_itself_and_leaves_parameters_alone(self) -> None:
        model = vectorizer(language="ja")
        before = model.get_params(deep=False)
        assert model.fit(TEXTS) is model
        assert model.get_params(deep=False) == before

    def test_parameters_survive_a_round_trip_and_a_clone(self, fitted: PieceVectorizer) -> None:
        model = PieceVectorizer(SentencePieceTokenizer()).set_params(
            tokenizer__vocab_size=77, char_ngrams=4, min_df=5, language="ko", piece_ngrams=1
        )
        copied = clone(model)
        assert copied.get_params()["tokenizer__vocab_size"] == 77
        assert copied.get_params(deep=False).keys() == model.get_params(deep=False).keys()
        assert (copied.char_ngrams, copied.min_df, copied.language) == (4, 5, "ko")
        assert not hasattr(clone(fitted), "hashes_")

    @pytest.mark.parametrize(
        "use",
        [
            lambda model: model.transform(TEXTS),
            lambda model: model.transform_blocks(TEXTS),
            lambda model: model.occurrences(TEXTS[0]),
            lambda model: model.get_feature_names_out(),
        ],
    )
    def test_unfitted(self, use: Any) -> None:
        with pytest.raises(NotFittedError):
            use(vectorizer())

    @pytest.mark.parametrize(
        "given_as",
        [
            np.array,
            lambda texts: np.array(texts, dtype=object)[:, None],
            pd.Series,
            lambda texts: pd.DataFrame({"text": texts}),
        ],
    )
    def test_texts_may_come_in_any_of_these(self, fitted: PieceVectorizer, given_as: Any) -> None:
        expected = fitted.transform(TEXTS)
        assert (fitted.transform(given_as(TEXTS)) != expected).nnz == 0
        assert (vectorizer().fit_transform(given_as(TEXTS)) != expected).nnz == 0
        assert (fitted.transform(iter(TEXTS)) != expected).nnz == 0

    @pytest.mark.parametrize("wrong", ["返品", ["返品", None], [["返品"]], [1.5]])
    def test_what_is_no_list_of_texts_is_named(self, fitted: PieceVectorizer, wrong: Any) -> None:
        for use in (vectorizer().fit, fitted.transform):
            with pytest.raises(ValueError, match="Expected"):
                use(wrong)

    def test_a_sparse_matrix_has_no_data_frame(self, fitted: PieceVectorizer) -> None:
        framed = vectorizer().fit(TEXTS).set_output(transform="pandas")
        with pytest.raises(ValueError, match="sparse"):
            framed.transform(TEXTS)
        framed.set_output(transform="default")
        assert (framed.transform(TEXTS) != fitted.transform(TEXTS)).nnz == 0

    def test_a_pickle_and_the_learned_arrays_alone_restore_it(
        self, fitted: PieceVectorizer
    ) -> None:
        expected = fitted.transform(TEXTS)
        copied = pickle.loads(pickle.dumps(fitted))
        assert (copied.transform(TEXTS) != expected).nnz == 0
        assert "_tables" not in fitted.__getstate__()
        bare = vectorizer()
        for name, value in fitted.__getstate__().items():
            if name.endswith("_"):
                setattr(bare, name, value)
        assert (bare.transform(TEXTS) != expected).nnz == 0

    def test_fitting_again_forgets_what_was_learned(self) -> None:
        model = vectorizer().fit(TEXTS)
        model.transform(TEXTS)
        model.fit(["返品", "届かない"])
        fresh = vectorizer().fit(["返品", "届かない"])
        assert (model.transform(TEXTS) != fresh.transform(TEXTS)).nnz == 0

    def test_in_a_pipeline_with_search_and_cross_validation(self) -> None:
        texts = [
            f"{head}{tail}" for head in ("返品", "배송", "退款") for tail in "一二三四五六七八"
        ]
        labels = np.repeat(["ja", "ko", "zh"], 8)
        pipeline = make_pipeline(
            PieceVectorizer(SentencePieceTokenizer(vocab_size=60), min_df=1), LogisticRegression()
        )
        predicted = cross_val_predict(pipeline, texts, labels, cv=2)
        assert (predicted == labels).all()
        search = GridSearchCV(
            pipeline,
            {
                "piecevectorizer__char_ngrams": [1, 2],
                "piecevectorizer__tokenizer__vocab_size": [50, 60],
            },
            cv=2,
        )
        assert search.fit(pd.Series(texts), labels).score(texts, labels) == 1.0
