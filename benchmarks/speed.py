"""How fast messages are answered on one core, side by side with peers on the same texts.

    python benchmarks/speed.py [--models DIR]

Without a models directory a version is trained first, on two cores, and its time is printed. The
texts are messages of the shipped corpus cut to 52 characters, all languages mixed. Every round
times all contenders one after the other; shown are the medians over the rounds, and the median of
the ratio within a round. The peers answer one task, plaint all of them.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from plaint.label.labeller import Labeller, load_labeller
from plaint.learn.corpus import load_corpus
from plaint.learn.training import TrainingOptions, shipped_agreement, shipped_gap, train
from plaint.model.registry import Registry
from plaint.taxonomy import load_taxonomy

TASK = "root_cause"
CHARS = 52
TEXTS = 20_000
# Each is fastest with lists of this many texts.
BATCH, PEER_BATCH = 4_000, 1_000
# The slow peers get fewer of the same texts: their time per text does not depend on the number.
SLOW_TEXTS = 1_000
ROUNDS = 7
SEED = 0
TRAINING_THREADS = 2

# What is timed, on how many of the texts, in lists of how many.
Contender = tuple[Callable[[list[str]], object], int, int]


def messages() -> pd.DataFrame:
    return load_corpus(load_taxonomy()).messages


def texts_of(rows: pd.DataFrame) -> list[str]:
    """Return different cuts of the messages, in a fixed order, all languages mixed."""
    cuts: list[str] = []
    texts = rows["text"].tolist()
    start = 0
    while len(cuts) < TEXTS:
        cuts += [text[start : start + CHARS] for text in texts if len(text) >= start + CHARS // 2]
        start += CHARS // 2
    random.Random(SEED).shuffle(cuts)
    return cuts[:TEXTS]


def batches(texts: list[str], size: int = BATCH) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


def tfidf(rows: pd.DataFrame) -> Pipeline:
    """Return the usual pipeline; a few iterations give its speed, if not its best answers."""
    known = rows[rows[TASK] != ""]
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), min_df=2),
        LogisticRegression(max_iter=5),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(known["text"], known[TASK])


def contenders(labeller: Labeller, rows: pd.DataFrame) -> dict[str, Contender]:
    tokenizer = labeller.classifier.tokenizer_
    priors = labeller.priors("training")

    def end_to_end(texts: list[str]) -> None:
        labeller.answers(labeller.score(texts), priors)

    def answered(texts: list[str]) -> None:
        labeller.answerer.answer(labeller.score(texts), priors)

    found: dict[str, Contender] = {
        "SentencePiece.encode(list)": (tokenizer.encode, TEXTS, PEER_BATCH),
        "plaint, all tasks": (answered, TEXTS, BATCH),
        "plaint, all tasks, cells of a table": (end_to_end, TEXTS, BATCH),
        "plaint, scores only": (labeller.score, TEXTS, BATCH),
        f"TF-IDF char_wb 1-3 + LR, {TASK}": (tfidf(rows).predict, SLOW_TEXTS, PEER_BATCH),
    }
    try:
        found |= fasttext_contenders(labeller, rows)
    except ImportError:
        print("fastText is not installed (dependency group bench): left out.")
    return found


def fasttext_contenders(labeller: Labeller, rows: pd.DataFrame) -> dict[str, Contender]:
    from peers import fit_fasttext, predict_fasttext

    tokenizer = labeller.classifier.tokenizer_
    known = rows[rows[TASK] != ""]

    def by_pieces(texts: list[str]) -> list[str]:
        return [" ".join(pieces) for pieces in tokenizer.transform(texts)]

    def by_characters(texts: list[str]) -> list[str]:
        return [" ".join(text) for text in texts]

    found: dict[str, Contender] = {}
    for name, split in (("pieces", by_pieces), ("characters", by_characters)):
        texts = [text.replace("\n", " ") for text in known["text"]]
        model = fit_fasttext(split(texts), known[TASK].tolist(), epochs=2)

        def predict(texts: list[str], model: object = model, split: object = split) -> object:
            clean = [text.replace("\n", " ") for text in texts]
            return predict_fasttext(model, split(clean))  # type: ignore[operator]

        found[f"fastText on {name}, {TASK}"] = (predict, TEXTS // 4, PEER_BATCH)
    return found


def seconds_per_text(run: Callable[[list[str]], object], texts: list[str], size: int) -> float:
    began = time.perf_counter()
    for batch in batches(texts, size):
        run(batch)
    return (time.perf_counter() - began) / len(texts)


def measure(found: dict[str, Contender], texts: list[str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in found}
    for number in range(ROUNDS + 1):
        for name, (run, count, size) in found.items():
            taken = seconds_per_text(run, texts[:count], size)
            if number:  # the first round warms the caches
                times[name].append(taken)
    return times


def report(times: dict[str, list[float]]) -> None:
    print(f"{'texts of ' + str(CHARS) + ' characters':40} {'texts/s':>9} {'us/text':>9}")
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"{name:40} {1 / middle:>9,.0f} {middle * 1e6:>9.1f}")
    print()
    ours = times["plaint, all tasks"]
    targets = (
        ("SentencePiece.encode(list)", 0.40),
        (f"TF-IDF char_wb 1-3 + LR, {TASK}", 5.0),
        (f"fastText on pieces, {TASK}", 1.0),
        (f"fastText on characters, {TASK}", None),
    )
    for name, target in targets:
        if name not in times:
            continue
        ratio = statistics.median(peer / own for peer, own in zip(times[name], ours, strict=True))
        wanted = "" if target is None else f" (target {target:.2f})"
        print(f"plaint, all tasks, against {name}: {ratio:.2f}{wanted}")


def in_a_new_process(code: str, rounds: int) -> float:
    """Return the least seconds that a Python process reports for a piece of code."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    return min(
        float(subprocess.run([sys.executable, "-c", timed], capture_output=True, check=True).stdout)
        for _ in range(rounds)
    )


def train_here(models: Path) -> float:
    taxonomy = load_taxonomy()
    corpus = load_corpus(taxonomy)
    registry = Registry(models)
    options = TrainingOptions(
        threads=TRAINING_THREADS, gap=shipped_gap(), agreement=shipped_agreement()
    )
    began = time.perf_counter()
    version = train(corpus, taxonomy, registry, options)
    taken = time.perf_counter() - began
    registry.promote(version)
    return taken


def run(models: Path) -> None:
    with threadpool_limits(1):
        rows = messages()
        report(measure(contenders(load_labeller(models), rows), texts_of(rows)))
    # The modules are imported before: loading is what a running service does.
    loading = f"load_labeller({str(models)!r})"
    imported = "from plaint.label.labeller import load_labeller"
    code = f"{imported}; t = time.perf_counter(); {loading}"
    print(f"loading a version: {in_a_new_process(code, 3):.2f} s (target below 1)")
    print(f"import plaint: {in_a_new_process('import plaint', 5):.3f} s (target below 0.3)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, help="models directory; trains one when left out")
    given = parser.parse_args().models
    if given is not None:
        run(given)
        return
    with tempfile.TemporaryDirectory() as directory:
        taken = train_here(Path(directory))
        print(f"training, {TRAINING_THREADS} cores: {taken:.0f} s (target below 90)\n")
        run(Path(directory))


if __name__ == "__main__":
    main()
