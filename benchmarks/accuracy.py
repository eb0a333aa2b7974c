"""How often the answers are right: on the corpus by cross-validation, and on real messages.

    python benchmarks/accuracy.py [REAL.csv] [--models DIR]

REAL.csv holds real messages with the columns text, language and one per task. Beside plaint stand
peers, trained in the same run on the same rows of the shipped corpus, one model per language.
Without a models directory a version is trained first, which takes a minute or two.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from plaint.label.labeller import Labeller
from plaint.learn.corpus import load_corpus
from plaint.learn.evaluation import ALL, Evaluation, evaluate
from plaint.learn.training import TrainingOptions, shipped_agreement, shipped_gap, train
from plaint.model import priors
from plaint.model.classifier import FAMILIES, family
from plaint.model.registry import Registry
from plaint.taxonomy import load_taxonomy
from plaint.text.normalise import normalise_batch

TASKS = ("root_cause", "emotional_state")
# Agreement of two independent readers of 540 real messages: more cannot be asked of a machine.
CEILING = {"root_cause": 0.96, "emotional_state": 0.88}
FASTTEXT_EPOCHS = 15
PENALTY = 20.0
PHRASE_WEIGHT = 0.4
TRAINING_THREADS = 2

Right = dict[tuple[str, str], float]


def show(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    table = [list(columns), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    print(f"\n{title}\n")
    for number, row in enumerate(table):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
        if not number:
            print("  ".join("-" * width for width in widths))


def easy_score(scores: dict[str, dict[str, float]]) -> None:
    tasks = list(next(iter(scores.values())))
    rows = [[name, *(f"{own[task]:.3f}" for task in tasks)] for name, own in scores.items()]
    title = "The easy score: grouped cross-validation on the shipped corpus, accuracy"
    show(title, ["language", *tasks], rows)


def plaint_rows(found: dict[str, Evaluation]) -> dict[str, Right]:
    first = next(iter(found.values()))
    rows: dict[str, Right] = {
        f"plaint, prior '{name}'": {(one.task, one.language): one.accuracy for one in own.figures}
        for name, own in found.items()
    }
    rows["plaint, no prior (argmax)"] = {
        (one.task, one.language): one.accuracy_naive for one in first.figures
    }
    return rows


def accuracies(task: str, right: dict[str, NDArray[np.bool_]]) -> Right:
    found = {(task, name): float(own.mean()) for name, own in right.items()}
    return found | {(task, ALL): float(np.concatenate(list(right.values())).mean())}


def peer_rows(labeller: Labeller, corpus: pd.DataFrame, real: pd.DataFrame) -> dict[str, Right]:
    """Train the peers per language and task, and measure them on the real messages."""
    plain, estimated, fast = (
        "TF-IDF char 1-3 + LR, argmax",
        "TF-IDF char 1-3 + LR, our estimated prior",
        "fastText on pieces",
    )
    rows: dict[str, Right] = {plain: {}, estimated: {}, fast: {}}
    for task in TASKS:
        right: dict[str, dict[str, NDArray[np.bool_]]] = {name: {} for name in rows}
        for name in FAMILIES:
            mine = corpus[(corpus["family"] == name) & (corpus[task] != "")]
            theirs = real[(real["family"] == name) & (real[task] != "")]
            if not len(theirs):
                continue
            truth = theirs[task].to_numpy()
            logits, labels = tfidf_logits(mine, theirs, task)
            right[plain][name] = labels[logits.argmax(axis=1)] == truth
            shares = shares_for(labeller, name, task, logits, labels)
            moved = logits / shipped_gap().get(task, shipped_gap()["default"])
            chosen = priors.adjust(moved, shares).argmax(axis=1)
            right[estimated][name] = labels[chosen] == truth
            answers = fasttext_answers(labeller, mine, theirs, task)
            if answers is not None:
                right[fast][name] = answers == truth
        for name, own in right.items():
            if own:
                rows[name] |= accuracies(task, own)
    return {name: own for name, own in rows.items() if own}


def tfidf_logits(
    mine: pd.DataFrame, theirs: pd.DataFrame, task: str
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=PENALTY, class_weight="balanced", tol=1e-3, max_iter=100)
    weights = np.where(mine["phrase"], PHRASE_WEIGHT, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(vectorizer.fit_transform(mine["normal"]), mine[task], sample_weight=weights)
    return model.decision_function(vectorizer.transform(theirs["normal"])), model.classes_


def shares_for(
    labeller: Labeller,
    name: str,
    task: str,
    logits: NDArray[np.float64],
    labels: NDArray[np.object_],
) -> NDArray[np.float64]:
    """Estimate shares for a peer as plaint would, as firmly as plaint's training found best."""
    facts = labeller.classifier.models_[name].tasks[task]
    order = [list(labeller.classifier.classes_[task]).index(label) for label in labels]
    training = facts.shares[order]
    if facts.evidence.anchor is None:
        return training
    gap = shipped_gap().get(task, shipped_gap()["default"])
    return priors.estimate(logits / gap, training, anchor=facts.evidence.anchor).shares


def fasttext_answers(
    labeller: Labeller, mine: pd.DataFrame, theirs: pd.DataFrame, task: str
) -> NDArray[np.object_] | None:
    try:
        from peers import fit_fasttext, predict_fasttext
    except ImportError:
        return None
    tokenizer = labeller.classifier.tokenizer_

    def split(rows: pd.DataFrame) -> list[str]:
        return [" ".join(pieces) for pieces in tokenizer.transform(rows["normal"].tolist())]

    model = fit_fasttext(split(mine), mine[task].tolist(), epochs=FASTTEXT_EPOCHS)
    return np.array(predict_fasttext(model, split(theirs)), dtype=object)


def prepared(rows: pd.DataFrame) -> pd.DataFrame:
    families = [family(language) for language in rows["language"]]
    return rows.assign(family=families, normal=normalise_batch(rows["text"].tolist()))


def compare(labeller: Labeller, corpus: pd.DataFrame, real: pd.DataFrame) -> None:
    found = {
        prior: evaluate(labeller, real, prior) for prior in ("estimate", "training", "benchmark")
    }
    rows = plaint_rows(found) | peer_rows(labeller, prepared(corpus), prepared(real))
    rows["agreement of two readers"] = {(task, ALL): CEILING[task] for task in TASKS}
    languages = [one.language for one in found["estimate"].figures if one.task == TASKS[0]]
    for task in TASKS:
        table = [
            [name, *(cell(own.get((task, language))) for language in languages)]
            for name, own in rows.items()
        ]
        show(f"Real messages: accuracy of {task}", ["", *languages], table)
    for table in found["estimate"].tables(TASKS):
        show(table.title, table.columns, table.rows)


def cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def run(real: Path | None, models: Path) -> None:
    registry = Registry(models)
    current = registry.current()
    loaded = registry.load()
    easy_score(loaded.manifest.facts["scores"])
    if real is None:
        print("\nName a CSV file of real messages to measure on them.")
        return
    rows = pd.read_csv(real, dtype=str, keep_default_na=False)
    corpus = load_corpus(load_taxonomy()).rows
    compare(Labeller(loaded.classifier, current.version if current else ""), corpus, rows)


def train_here(models: Path) -> None:
    taxonomy = load_taxonomy()
    registry = Registry(models)
    options = TrainingOptions(
        threads=TRAINING_THREADS, gap=shipped_gap(), agreement=shipped_agreement()
    )
    registry.promote(train(load_corpus(taxonomy), taxonomy, registry, options))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path, nargs="?", help="CSV file of labelled real messages")
    parser.add_argument("--models", type=Path, help="models directory; trains one when left out")
    given = parser.parse_args()
    if given.models is not None:
        run(given.real, given.models)
        return
    with tempfile.TemporaryDirectory() as directory:
        train_here(Path(directory))
        run(given.real, Path(directory))


if __name__ == "__main__":
    main()
