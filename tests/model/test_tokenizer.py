from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from tests.model import estimators

from plaint.model.tokenizer import SentencePieceTokenizer

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "返品したいのですが、連絡がつきません",
    "まだ届きません。三週間も待っています",
    "환불해 주세요. 고객센터가 전화를 받지 않아요",
    "배송이 너무 늦어요ㅠㅠ",
    "客服一直不回复，我要退款",
    "质量太差，用了两天就坏了 😡",
] * 4

quick = settings(derandomize=True, deadline=None, max_examples=100)


@pytest.fixture(scope="module")
def fitted() -> SentencePieceTokenizer:
    return SentencePieceTokenizer(vocab_size=150).fit(TEXTS)


@parametrize_with_checks(
    [
        SentencePieceTokenizer(vocab_size=30),
        SentencePieceTokenizer(vocab_size=30, model_type="bpe"),
    ],
    expected_failed_checks=lambda estimator: estimators.EXPECTED_FAILURES,
)
def test_scikit_learn(estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    estimators.run(check, estimator, monkeypatch)


class TestContract:
    def test_fit_returns_itself_and_leaves_parameters_alone(self) -> None:
        tokenizer = SentencePieceTokenizer(vocab_size=150)
        before = tokenizer.get_params()
        assert tokenizer.fit(TEXTS) is tokenizer
        assert tokenizer.get_params() == before
        assert tokenizer.n_features_in_ == 1
        assert tokenizer.n_pieces_ == len(tokenizer.pieces()) <= 150

    def test_parameters_survive_a_round_trip_and_a_clone(
        self, fitted: SentencePieceTokenizer
    ) -> None:
        parameters = {
            "vocab_size": 99,
            "model_type": "bpe",
            "character_coverage": 0.9,
            "random_state": 3,
        }
        tokenizer = SentencePieceTokenizer().set_params(**parameters)
        assert tokenizer.get_params() == parameters
        assert clone(tokenizer).get_params() == parameters
        assert not hasattr(clone(fitted), "model_")

    @pytest.mark.parametrize(
        "use",
        [
            lambda tokenizer: tokenizer.transform(TEXTS),
            lambda tokenizer: tokenizer.encode(TEXTS),
            lambda tokenizer: tokenizer.spans(TEXTS[0]),
            lambda tokenizer: tokenizer.pieces(),
            lambda tokenizer: tokenizer.unknown_id(),
        ],
    )
    def test_unfitted(self, use: Any) -> None:
        with pytest.raises(NotFittedError):
            use(SentencePieceTokenizer())

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"model_type": "word"}, "model_type must be 'bpe' or 'unigram', got 'word'"),
            ({"vocab_size": 7}, "vocab_size must be an integer of at least 8, got 7"),
            ({"vocab_size": 50.0}, "vocab_size must be an integer of at least 8, got 50.0"),
            ({"character_coverage": 0}, r"character_coverage must lie in \(0, 1\], got 0"),
            ({"character_coverage": 1.1}, r"character_coverage must lie in \(0, 1\], got 1.1"),
        ],
    )
    def test_parameters_are_checked_when_fitting(
        self, parameters: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            SentencePieceTokenizer(**parameters).fit(TEXTS)

    @pytest.mark.parametrize(
        "given_as",
        [
            list,
            tuple,
            iter,
            np.array,
            lambda texts: np.array(texts, dtype=object),
            lambda texts: np.array(texts, dtype=object)[:, None],
            pd.Series,
            lambda texts: pd.Series(texts, dtype=object, index=range(7, 7 + len(texts))),
            lambda texts: pd.DataFrame({"text": texts}),
        ],
    )
    def test_texts_may_come_in_any_of_these(
        self, fitted: SentencePieceTokenizer, given_as: Any
    ) -> None:
        again = SentencePieceTokenizer(vocab_size=150).fit(given_as(TEXTS))
        assert again.model_ == fitted.model_
        assert again.transform(given_as(TEXTS)).tolist() == fitted.transform(TEXTS).tolist()

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ("返品したい", "single string; put it into a list"),
            (b"bytes", "single string"),
            (["返品", None], "found NoneType in row 1; replace missing texts"),
            (["返品", 3], "found int in row 1"),
            ([b"bytes"], "found bytes in row 0"),
            (pd.Series(["返品", np.nan], dtype=object), "found float in row 1.*NaN"),
            (pd.Series(["返品", pd.NA], dtype="string"), "in row 1; replace missing texts"),
            (np.array([["a", "b"]]), r"shape \(n_samples,\), got shape \(1, 2\)"),
            (np.array("返品"), r"got shape \(\)"),
        ],
    )
    def test_what_is_no_list_of_texts_is_named(
        self, fitted: SentencePieceTokenizer, wrong: Any, message: str
    ) -> None:
        for use in (clone(fitted).fit, fitted.transform):
            with pytest.raises(ValueError, match=message):
                use(wrong)

    def test_no_output_container_to_set(self, fitted: SentencePieceTokenizer) -> None:
        assert not hasattr(fitted, "set_output")  # lists of pieces are no columns

    def test_transform_gives_one_list_of_pieces_per_text(
        self, fitted: SentencePieceTokenizer
    ) -> None:
        found = fitted.transform(["返品", "", "늦어요"])
        assert found.dtype == object
        assert found.shape == (3,)
        assert found[1] == []
        assert all(isinstance(pieces, list) for pieces in found)
        assert fitted.transform([]).shape == (0,)
        same_length = fitted.transform(["返", "品"])
        assert same_length.shape == (2,)


class TestLearning:
    def test_two_fits_and_another_process_give_the_same_bytes(
        self, fitted: SentencePieceTokenizer
    ) -> None:
        assert SentencePieceTokenizer(vocab_size=150).fit(TEXTS).model_ == fitted.model_
        script = (
            "import hashlib, json, sys\n"
            "from plaint.model.tokenizer import SentencePieceTokenizer as Tokenizer\n"
            "model = Tokenizer(vocab_size=150).fit(json.loads(sys.argv[1])).model_\n"
            "print(hashlib.sha256(model).hexdigest())\n"
        )
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONHASHSEED": "77",
        }
        result = subprocess.run(
            [sys.executable, "-c", script, json.dumps(TEXTS)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.strip() == hashlib.sha256(fitted.model_).hexdigest()

    def test_fitting_again_forgets_what_was_learned(self) -> None:
        tokenizer = SentencePieceTokenizer(vocab_size=60).fit(["返品したい"] * 5)
        tokenizer.transform(["返品"])
        tokenizer.fit(["늦어요 환불"] * 5)
        fresh = SentencePieceTokenizer(vocab_size=60).fit(["늦어요 환불"] * 5)
        assert tokenizer.pieces() == fresh.pieces()
        assert tokenizer.n_pieces_ == fresh.n_pieces_

    def test_the_far_end_of_a_very_long_text_is_learned(self) -> None:
        # 12 kB in one text: three times what SentencePiece takes by itself.
        far_end = "修理窓口"
        texts = ["電話" * 2_000 + far_end * 3, "電話"]
        tokenizer = SentencePieceTokenizer(vocab_size=60, character_coverage=1.0).fit(texts)
        assert tokenizer.n_cut_texts_ == 1
        assert tokenizer.transform([far_end])[0] == [far_end]

    def test_long_texts_of_four_byte_characters_are_learned_to_the_end(self) -> None:
        texts = ["😡" * 999 + "龘" + "😢" * 999 + "龍"]
        tokenizer = SentencePieceTokenizer(vocab_size=60, character_coverage=1.0).fit(texts)
        assert {"龘", "龍"} <= set("".join(tokenizer.pieces()))

    def test_texts_with_the_mark_that_sentencepiece_reserves_are_not_dropped(self) -> None:
        tokenizer = SentencePieceTokenizer(vocab_size=60).fit(["返品▅不可"] * 3 + ["ab"])
        assert set("返品不可") <= set("".join(tokenizer.pieces()))
        assert "".join(tokenizer.transform(["返品▅不可"])[0]) == "返品▅不可"

    @pytest.mark.parametrize("languages_as", [list, np.array, pd.Series])
    def test_a_small_language_gets_pieces(self, languages_as: Any) -> None:
        large = [f"客服{first}{second}不回复" for first in "一直都还总" for second in "很太真的不"]
        texts = large * 20 + ["환불해 주세요", "배송이 늦어요"]
        languages = languages_as(["zh-Hans"] * len(large) * 20 + ["ko"] * 2)
        # Less than one character in a hundred is Korean: by count they would be left out.
        starved = SentencePieceTokenizer(vocab_size=60, character_coverage=0.99).fit(texts)
        fair = clone(starved).fit(texts, languages=languages)
        assert not _hangul(starved.pieces())
        assert len(_hangul(fair.pieces())) >= 10

    def test_languages_give_equally_many_characters(self) -> None:
        texts = ["返品" * 50, "환불해 주세요", "", "客服不回"]
        sample = SentencePieceTokenizer()._balanced(texts, ["ja", "ko", "ko", "zh-Hans"])
        shares = [
            sum(len(run) for run in sample if run and run in text)
            for text in (*texts[:2], texts[3])
        ]
        assert max(shares) - min(shares) < len(texts[1])
        assert set(sample) == set(texts) - {""}  # everything at least once

    def test_one_language_per_text(self) -> None:
        with pytest.raises(ValueError, match="got 2 languages for 3 texts"):
            SentencePieceTokenizer().fit(["a", "b", "c"], languages=["ja", "ko"])

    @pytest.mark.parametrize("texts", [[], ["", "  "], ["▅"], ["\0"]])
    def test_nothing_to_learn_from(self, texts: list[str]) -> None:
        with pytest.raises(ValueError, match="all are empty"):
            SentencePieceTokenizer().fit(texts)

    @pytest.mark.parametrize("model_type", ["unigram", "bpe"])
    def test_a_vocabulary_too_small_for_the_characters_says_the_least_size(
        self, model_type: str
    ) -> None:
        with pytest.raises(ValueError, match=r"at least \d+ to spell") as caught:
            SentencePieceTokenizer(vocab_size=20, model_type=model_type).fit(TEXTS)
        least = int(str(caught.value).split("at least ")[1].split()[0])
        enough = SentencePieceTokenizer(vocab_size=least, model_type=model_type).fit(TEXTS)
        assert enough.n_pieces_ <= least
        with pytest.raises(ValueError, match=f"at least {least} "):
            SentencePieceTokenizer(vocab_size=least - 1, model_type=model_type).fit(TEXTS)

    def test_languages_are_repeated_by_the_seed(self) -> None:
        texts = [*TEXTS, "연락이 없어요", "취소할게요", "환불 언제 되나요"]
        languages = ["zh"] * len(TEXTS) + ["ko"] * 3

        def sample(seed: int) -> list[str]:
            return SentencePieceTokenizer(random_state=seed)._balanced(texts, languages)

        assert sample(1) == sample(1)
        assert any(sample(1) != sample(seed) for seed in range(2, 6))


class TestPieces:
    @quick
    @given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
    def test_joined_they_are_the_text_and_their_ranges_cover_it(
        self, fitted: SentencePieceTokenizer, text: str
    ) -> None:
        pieces = fitted.transform([text])[0]
        assert "".join(pieces) == text.replace(" ", "▁")
        spans = fitted.spans(text)
        assert [text[start:end].replace(" ", "▁") for start, end in spans] == pieces
        assert len(fitted.encode([text])[0]) == len(pieces)

    @pytest.mark.parametrize("text", ["\ud83d", "返\udc00品", "\ud83d\ude21"])
    def test_lone_surrogates_count_as_question_marks(
        self, fitted: SentencePieceTokenizer, text: str
    ) -> None:
        replaced = "".join("?" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
        pieces = fitted.transform([text, "返品"])
        assert "".join(pieces[0]) == replaced
        assert pieces[1] == fitted.transform(["返品"])[0]
        assert fitted.spans(text) == fitted.spans(replaced)
        assert clone(fitted).fit([text, *TEXTS]).n_pieces_

    def test_unknown_characters_are_one_unknown_piece(self, fitted: SentencePieceTokenizer) -> None:
        ids = fitted.encode(["返龘龖品"])[0]
        unknown = fitted.unknown_id()
        assert ids.count(unknown) == 1
        assert ids[1] == unknown
        assert fitted.spans("返龘龖品") == [(0, 1), (1, 3), (3, 4)]
        assert fitted.pieces()[unknown] == "<unk>"

    def test_ids_are_places_in_the_vocabulary(self, fitted: SentencePieceTokenizer) -> None:
        pieces = fitted.pieces()
        ids, own = fitted.encode(TEXTS), fitted.transform(TEXTS)
        assert [[pieces[number] for number in row] for row in ids] == own.tolist()

    def test_texts_do_not_depend_on_each_other(self, fitted: SentencePieceTokenizer) -> None:
        together = fitted.transform(TEXTS)
        assert together.tolist() == [fitted.transform([text])[0] for text in TEXTS]
        assert fitted.transform(TEXTS[::-1]).tolist() == together[::-1].tolist()


class TestState:
    def test_a_pickle_and_the_bytes_alone_restore_it(self, fitted: SentencePieceTokenizer) -> None:
        expected = fitted.transform(TEXTS).tolist()
        copied = pickle.loads(pickle.dumps(fitted))
        bare = SentencePieceTokenizer()
        bare.model_ = fitted.model_
        assert copied.transform(TEXTS).tolist() == expected
        assert bare.transform(TEXTS).tolist() == expected
        assert copied.model_ == fitted.model_

    def test_new_bytes_replace_the_loaded_ones(self, fitted: SentencePieceTokenizer) -> None:
        tokenizer = SentencePieceTokenizer(vocab_size=60).fit(["返品したい"] * 5)
        tokenizer.transform(TEXTS)
        tokenizer.model_ = fitted.model_
        assert tokenizer.transform(TEXTS).tolist() == fitted.transform(TEXTS).tolist()

    def test_state_is_plain(self, fitted: SentencePieceTokenizer) -> None:
        learned = {name for name in fitted.__getstate__() if name.endswith("_")}
        assert {"model_", "n_pieces_", "n_cut_texts_", "n_features_in_"} <= learned
        assert "_loaded" not in fitted.__getstate__()


def _hangul(pieces: Sequence[str]) -> set[str]:
    return {letter for piece in pieces for letter in piece if "가" <= letter <= "힣"}
