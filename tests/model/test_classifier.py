from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from plaint.errors import CorpusError, TaxonomyError, UsageError
from plaint.model import _fitting
from plaint.model.classifier import FAMILIES, ComplaintClassifier, family
from plaint.model.decisions import TARGETS
from plaint.model.scores import Flag, Scores
from plaint.resources import data_path
from plaint.taxonomy import load_taxonomy
from plaint.text.language import LANGUAGES
from plaint.text.normalise import DEFAULT_MAX_CHARS

TAXONOMY = load_taxonomy().to_dict()
PER_FAMILY = 60
QUICK: dict[str, Any] = {"vocab_size": 3_000, "min_df": 2, "n_folds": 2, "evidence_rounds": 1}


def small_taxonomy() -> dict[str, Any]:
    """Two tasks of few labels: what is tested here does not depend on their number."""
    taxonomy = copy.deepcopy(TAXONOMY)
    taxonomy["task"] = [task for task in taxonomy["task"] if task["id"] in ("complaint", "demand")]
    return taxonomy


def fit(corpus: pd.DataFrame, taxonomy: dict[str, Any], **parameters: Any) -> ComplaintClassifier:
    model = ComplaintClassifier(taxonomy, **QUICK | parameters)
    return model.fit(corpus["text"], corpus, languages=corpus["language"])


def state(model: ComplaintClassifier) -> list[bytes]:
    found = [model.tokenizer_.model_]
    for name, learned in sorted(model.models_.items()):
        found += [name.encode(), learned.weights.tobytes(), learned.intercept.tobytes()]
        found.append(learned.vectorizer.hashes_.tobytes())
        for facts in learned.tasks.values():
            found += [facts.shares.tobytes(), facts.thresholds.tobytes()]
            found.append(repr(facts.evidence).encode())
    return found


def same(first: Scores, second: Scores) -> bool:
    ours, theirs = first.to_arrays(), second.to_arrays()
    return all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)


@pytest.fixture(scope="module")
def corpus() -> pd.DataFrame:
    parts = []
    for name in FAMILIES:
        path = data_path("corpus", f"{name}.csv")
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        parts.append(rows.iloc[:: len(rows) // PER_FAMILY].head(PER_FAMILY))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def fitted(corpus: pd.DataFrame) -> ComplaintClassifier:
    begin = time.process_time()
    model = fit(corpus, TAXONOMY)
    assert time.process_time() - begin < 10  # of this process, whatever else the machine does
    return model


@pytest.fixture(scope="module")
def small(corpus: pd.DataFrame) -> ComplaintClassifier:
    return fit(corpus, small_taxonomy())


class TestLearning:
    def test_every_family_and_task_is_learned(
        self, fitted: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        assert tuple(sorted(fitted.models_)) == tuple(sorted(FAMILIES))
        for model in fitted.models_.values():
            assert list(model.tasks) == [task["id"] for task in TAXONOMY["task"]]
            assert model.weights.dtype == np.float32
            assert model.weights.shape == (len(model.vectorizer.hashes_), len(model.intercept))
            for facts in model.tasks.values():
                assert facts.shares.sum() == pytest.approx(1)
                assert facts.thresholds.shape == (len(TARGETS),)
                assert 0 <= facts.accuracy <= 1
        complaint = [model.tasks["complaint"] for model in fitted.models_.values()]
        assert [facts.messages for facts in complaint] == [PER_FAMILY] * len(FAMILIES)

    def test_it_learns(self, fitted: ComplaintClassifier, corpus: pd.DataFrame) -> None:
        found = fitted.predict(corpus["text"])
        assert list(found.columns) == [task["id"] for task in TAXONOMY["task"]]
        for task in found.columns:
            known = corpus[task] != ""
            assert (found[task][known] == corpus[task][known]).mean() > 0.9

    def test_two_fits_are_equal_to_the_last_bit(
        self, small: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        again = fit(corpus, small_taxonomy())
        assert state(again) == state(small)
        assert same(again.score(corpus["text"]), small.score(corpus["text"]))

    def test_more_processes_change_nothing(
        self, small: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        assert state(fit(corpus, small_taxonomy(), n_jobs=2)) == state(small)

    def test_another_seed_draws_other_folds(
        self, small: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        assert state(fit(corpus, small_taxonomy(), random_state=1)) != state(small)

    def test_rows_without_a_label_are_left_out_of_their_task_only(
        self, small: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        lacking = corpus.copy()
        lacking.loc[lacking.index[::4], "demand"] = None
        lacking.loc[lacking.index[1::4], "demand"] = ""
        model = fit(lacking, small_taxonomy())
        places = model.outputs()
        for name, learned in model.models_.items():
            own = lacking["language"].map(family) == name
            given = lacking["demand"].fillna("").ne("")
            assert learned.tasks["demand"].messages == (own & given).sum()
            np.testing.assert_array_equal(
                learned.weights[:, places["complaint"]],
                small.models_[name].weights[:, places["complaint"]],
            )

    def test_a_task_nobody_labelled_and_a_label_nobody_gave(self, corpus: pd.DataFrame) -> None:
        lacking = corpus.copy()
        lacking["demand"] = ""
        lacking["complaint"] = np.where(lacking["language"] == "ko", "yes", lacking["complaint"])
        model = fit(lacking, small_taxonomy())
        probabilities = model.predict_proba(corpus["text"])
        n_labels = probabilities["demand"].shape[1]
        np.testing.assert_allclose(probabilities["demand"], 1 / n_labels, atol=1e-6)
        korean = (corpus["language"] == "ko").to_numpy()
        assert (model.predict(corpus["text"])["complaint"][korean] == "yes").all()
        assert model.models_["ko"].tasks["demand"].messages == 0

    def test_one_row_of_a_label_does_not_spoil_its_task(
        self, small: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        # Held out, its label is unknown to the fold: as certain an error as there can be.
        taxonomy = small_taxonomy()
        demand = next(task for task in taxonomy["task"] if task["id"] == "demand")
        demand["label"].append(copy.deepcopy(demand["label"][-1]) | {"id": "callback"})
        rows = corpus.copy()
        one = rows.index[(rows["language"] == "ko") & (rows["demand"] != "")][0]
        rows.loc[one, "demand"] = "callback"
        model = fit(rows, taxonomy)
        texts = corpus["text"][corpus["language"] == "ko"]
        before = small.predict_proba(texts)["demand"].max(axis=1).mean()
        after = model.predict_proba(texts)["demand"].max(axis=1).mean()
        assert after > 0.8 * before
        shown = model.predict(corpus["text"])["demand"]
        assert not (shown[corpus["language"] != "ko"] == "callback").any()
        elsewhere = model.predict_proba(corpus["text"][corpus["language"] != "ko"])
        assert elsewhere["demand"][:, -1].max() < 1e-6

    def test_a_task_and_a_label_are_added_by_data_alone(self, corpus: pd.DataFrame) -> None:
        taxonomy = small_taxonomy()
        demand = next(task for task in taxonomy["task"] if task["id"] == "demand")
        added = copy.deepcopy(demand)
        added["id"] = "urgency"
        added["label"] = [copy.deepcopy(label) for label in demand["label"][:2]]
        for label, name in zip(added["label"], ("today", "later"), strict=True):
            label["id"] = name
        taxonomy["task"].append(added)
        demand["label"].append(copy.deepcopy(demand["label"][-1]) | {"id": "callback"})
        # Both can be told from the text.
        rows = corpus.assign(urgency=np.where(corpus.index % 2, "today", "later"))
        rows.loc[rows["urgency"] == "today", "text"] += " ⚡⚡"
        rows.loc[rows.index[::9], "demand"] = "callback"
        rows.loc[rows.index[::9], "text"] += " ☎☎"
        model = fit(rows, taxonomy)
        assert model.classes_["urgency"].tolist() == ["today", "later"]
        assert model.classes_["demand"][-1] == "callback"
        places = model.outputs()
        assert places["urgency"] == slice(places["demand"].stop, places["demand"].stop + 2)
        found = model.predict(rows["text"])
        assert (found["urgency"] == rows["urgency"]).mean() > 0.9
        assert (found["demand"][::9] == "callback").mean() > 0.9

    def test_phrases_teach_and_are_not_measured_while_progress_is_told(
        self, corpus: pd.DataFrame
    ) -> None:
        phrases = np.arange(len(corpus)) % 5 == 0
        told: list[tuple[str, int, int]] = []
        model = ComplaintClassifier(small_taxonomy(), **QUICK).fit(
            corpus["text"],
            corpus,
            languages=corpus["language"],
            phrases=phrases,
            progress=lambda *step: told.append(step),
        )
        total = len(FAMILIES) * 2 * (QUICK["n_folds"] + 1)
        assert [done for _, done, _ in told] == list(range(1, total + 1))
        assert {whole for _, _, whole in told} == {total}
        for name, learned in model.models_.items():
            own = (corpus["language"].map(family) == name).to_numpy()
            assert learned.tasks["complaint"].messages == (own & ~phrases).sum()

    def test_a_group_never_stands_on_both_sides_of_a_fold(
        self, corpus: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        original = _fitting._prepare

        def prepare(*args: Any) -> Any:
            seen.append(original(*args))
            return seen[-1]

        monkeypatch.setattr(_fitting, "_prepare", prepare)
        groups = [f"customer {number // 4}" for number in range(len(corpus))]
        ComplaintClassifier(small_taxonomy(), **QUICK).fit(
            corpus["text"], corpus, languages=corpus["language"], groups=groups
        )
        for rows in seen:
            members = [set(rows.groups[fold]) for fold in rows.folds]
            assert len(members) == QUICK["n_folds"]
            assert not set.intersection(*members)


class TestWhatCannotBeLearned:
    def changed(self, corpus: pd.DataFrame, **options: Any) -> None:
        parameters = QUICK | options.pop("parameters", {})
        texts = options.pop("texts", corpus["text"])
        y = options.pop("y", corpus)
        options = {"languages": corpus["language"]} | options
        ComplaintClassifier(small_taxonomy(), **parameters).fit(texts, y, **options)

    def test_an_unknown_label_is_named_and_a_text_in_its_place_is_not(
        self, corpus: pd.DataFrame
    ) -> None:
        with pytest.raises(CorpusError, match="1 unknown labels of task 'demand', such as shout"):
            self.changed(corpus, y=corpus.assign(demand="shout"))
        with pytest.raises(CorpusError, match="unknown labels of task 'demand'; known") as caught:
            self.changed(corpus, y=corpus.assign(demand=corpus["text"]))
        assert not any(text in str(caught.value) for text in corpus["text"])

    def test_a_task_without_a_column(self, corpus: pd.DataFrame) -> None:
        with pytest.raises(CorpusError, match="a column for task 'demand'"):
            self.changed(corpus, y=corpus.drop(columns="demand"))

    @pytest.mark.parametrize("wrong", ["other", "en", None, "zh"])
    def test_an_unknown_language(self, corpus: pd.DataFrame, wrong: str | None) -> None:
        languages = [wrong, *corpus["language"][1:]]
        with pytest.raises(CorpusError, match=f"zh-Hant, found {wrong}"):
            self.changed(corpus, languages=languages)

    @pytest.mark.parametrize("name", ["languages", "groups", "phrases"])
    def test_lengths_that_differ(self, corpus: pd.DataFrame, name: str) -> None:
        with pytest.raises(CorpusError, match=f"Expected 180 rows in {name}, found 2"):
            self.changed(corpus, **{name: ["ja", "ko"]})

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"gap": 0}, "gap must be above 0"),
            ({"gap": {"mood": 2.0}}, "name tasks of the taxonomy, got mood: 2.0"),
            ({"n_folds": 1}, "n_folds must be at least 2, got 1"),
            ({"n_folds": 500}, "at least 500 groups of ja messages"),
            ({"vocab_size": 50}, r"vocab_size must be at least \d+ to spell"),
            ({"min_df": 900}, "texts give no features.*min_df=900"),
        ],
    )
    def test_parameters(
        self, corpus: pd.DataFrame, parameters: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(CorpusError, match=message):
            self.changed(corpus, parameters=parameters)

    @pytest.mark.parametrize("n_rows", [0, 1, 2, 5])
    def test_a_handful_of_rows(self, corpus: pd.DataFrame, n_rows: int) -> None:
        few = corpus[corpus["language"] == "ja"].head(n_rows)
        try:
            model = fit(few, small_taxonomy(), min_df=1)
        except CorpusError:
            assert n_rows < QUICK["n_folds"]
        else:
            assert np.isfinite(model.score(few["text"]).logits).all()

    def test_a_taxonomy_that_contradicts_itself(self, corpus: pd.DataFrame) -> None:
        with pytest.raises(TaxonomyError):
            fit(corpus, {"format": 1, "languages": [], "task": []})


class TestScores:
    def test_shapes_and_probabilities(
        self, fitted: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        scores = fitted.score(corpus["text"])
        n_outputs = sum(len(labels) for labels in fitted.classes_.values())
        assert scores.logits.shape == (len(corpus), n_outputs)
        assert scores.logits.dtype == np.float32
        assert np.isfinite(scores.logits).all()
        for task, probabilities in fitted.predict_proba(corpus["text"]).items():
            assert probabilities.shape == (len(corpus), len(fitted.classes_[task]))
            np.testing.assert_allclose(probabilities.sum(axis=1), 1)

    def test_messages_do_not_depend_on_each_other(
        self, fitted: ComplaintClassifier, corpus: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        texts = [*corpus["text"][::5], "", "\ud800", "Hello", "返品\n" * 3, "😡"]
        together = fitted.score(texts)
        alone = Scores.concatenate([fitted.score([text]) for text in texts])
        assert same(together, alone)
        order = np.random.default_rng(0).permutation(len(texts))
        shuffled = fitted.score([texts[place] for place in order])
        assert same(shuffled, together.take(order))
        monkeypatch.setattr("plaint.model.classifier._BATCH", 7)
        assert same(fitted.score(texts), together)

    def test_languages_are_identified_or_given(
        self, fitted: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        texts = corpus["text"].tolist()
        found = fitted.score(texts)
        named = np.array(LANGUAGES)[np.minimum(found.language, len(LANGUAGES) - 1)]
        assert (named == corpus["language"]).mean() > 0.95
        for number, language in enumerate(LANGUAGES):
            given = fitted.score(texts, language)
            assert (given.language == number).all()
            assert (given.confidence == 1).all()
            agree = found.language == number
            assert agree.any()
            assert given.logits[agree].tobytes() == found.logits[agree].tobytes()

    def test_both_forms_of_chinese_are_read_by_one_model(self, fitted: ComplaintClassifier) -> None:
        simplified = fitted.score(["客服一直不回复，我要退货"], "zh-Hans").logits
        traditional = fitted.score(["客服一直不回復，我要退貨"], "zh-Hant").logits
        np.testing.assert_array_equal(simplified, traditional)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("まだ商品が届きません。返金してください。", Flag(0)),
            ("", Flag.EMPTY),
            (" \n\u200b", Flag.EMPTY),
            ("The parcel has not arrived and nobody answers", Flag.OTHER_LANGUAGE),
            ("12345", Flag.OTHER_LANGUAGE | Flag.LANGUAGE_UNSURE),
            ("届かない。" * DEFAULT_MAX_CHARS, Flag.CUT),
            (" " * (DEFAULT_MAX_CHARS + 1), Flag.EMPTY | Flag.CUT),
            ("뷁쀍쒧꿿쭯뛟", Flag.MOSTLY_UNKNOWN),
        ],
    )
    def test_flags(self, fitted: ComplaintClassifier, text: str, expected: Flag) -> None:
        scores = fitted.score([text, "배송이 늦어요"])
        assert Flag(int(scores.flags[0])) == expected
        if expected & (Flag.EMPTY | Flag.OTHER_LANGUAGE):
            assert not scores.logits[0].any()
        else:
            assert scores.logits[0].any()

    def test_a_language_that_was_not_trained_is_flagged(self, corpus: pd.DataFrame) -> None:
        model = fit(corpus[corpus["language"] == "ja"], small_taxonomy())
        scores = model.score(["まだ届きません", "배송이 늦어요"])
        assert scores.flags[0] & Flag.OTHER_LANGUAGE == 0
        assert scores.flags[1] & Flag.OTHER_LANGUAGE
        assert model.score(["배송이 늦어요"], "ko").flags[0] & Flag.OTHER_LANGUAGE

    def test_no_messages(self, fitted: ComplaintClassifier) -> None:
        assert fitted.score([]).logits.shape == (0, fitted.score(["返品"]).logits.shape[1])
        assert len(fitted.predict([])) == 0

    @pytest.mark.parametrize("language", ["other", "en", "zh", ""])
    def test_a_language_that_nobody_reads(self, fitted: ComplaintClassifier, language: str) -> None:
        with pytest.raises(UsageError, match="give one of ja, ko, zh-Hans, zh-Hant"):
            fitted.score(["返品"], language)

    def test_what_is_no_list_of_texts(self, fitted: ComplaintClassifier) -> None:
        with pytest.raises(ValueError, match="single string"):
            fitted.score("返品")
        with pytest.raises(ValueError, match="NoneType in row 1"):
            fitted.score(["返品", None])  # type: ignore[list-item]


class TestContract:
    def test_unfitted(self) -> None:
        with pytest.raises(NotFittedError):
            ComplaintClassifier(TAXONOMY).score(["返品"])

    def test_parameters_survive_a_clone(self, fitted: ComplaintClassifier) -> None:
        copied = clone(fitted)
        assert copied.get_params() == fitted.get_params()
        assert not hasattr(copied, "models_")
        copied.set_params(C=3.0, gap={"default": 1.5})
        assert (copied.C, copied.gap) == (3.0, {"default": 1.5})

    def test_the_gap_divides_logits_by_task(
        self, small: ComplaintClassifier, corpus: pd.DataFrame
    ) -> None:
        wider = fit(corpus, small_taxonomy(), gap={"default": 2.0, "demand": 8.0})
        texts, places = corpus["text"], small.outputs()
        ours, theirs = small.score(texts).logits, wider.score(texts).logits
        np.testing.assert_array_equal(ours[:, places["complaint"]], theirs[:, places["complaint"]])
        np.testing.assert_allclose(
            ours[:, places["demand"]] / 4, theirs[:, places["demand"]], rtol=1e-3, atol=1e-4
        )

    def test_families(self) -> None:
        assert FAMILIES == ("ja", "ko", "zh")
        assert {family(language) for language in LANGUAGES} == set(FAMILIES)
