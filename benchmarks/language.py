"""How often `plaint.text.language` is right, how sure it is then, and how fast.

    python benchmarks/language.py [CSV with the columns text and language]
    python benchmarks/language.py --learn      # write src/plaint/text/_language_weights.py anew

In the CSV, `zh` counts as right for either form of Chinese. On the corpus, the weights of
characters are learnt from half of the texts and measured on the other half, and the other way
round, so that no text is judged by what it taught.
"""

from __future__ import annotations

import argparse
import csv
import re
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

from plaint.text._language_tables import Tables, build_tables, character_priors
from plaint.text.language import Languages, identify, identify_with
from plaint.text.normalise import normalise_batch

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "src/plaint/text/_language_weights.py"
ORDER = ("ja", "zh-Hans", "zh-Hant")
HAN = re.compile("[\u4e00-\u9fff]+")
LEVELS = "0123456789abcdefghijklmnopqrstuvwxyzA"
STEP_NATS = 0.5
PRIOR_CHARACTERS = 2_000.0  # how many characters of text the character sets weigh

PRIOR_PAIRS = 30.0
PAIRS = 2_000
HEAD = '''"""Log-odds of Han characters against simplified Chinese, learnt from the corpus.

Written by ``python benchmarks/language.py --learn``: one level for each character, and one for
what a pair of characters adds, in steps of `STEP_NATS` around the middle of `LEVELS`.
"""

'''

Rows = list[tuple[str, str]]
Odds = dict[str, tuple[float, float]]


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [(row["text"], row["language"]) for row in csv.DictReader(stream)]
    texts = normalise_batch([text for text, _ in rows])
    return [(text, language) for text, (_, language) in zip(texts, rows, strict=True)]


def corpus() -> Rows:
    return [row for path in sorted((ROOT / "data/corpus").glob("*.csv")) for row in read(path)]


def learn(rows: Rows) -> tuple[Odds, Odds]:
    """Return the log-odds of characters, and what the weightiest pairs add to them."""
    singles = {language: Counter[str]() for language in ORDER}
    pairs = {language: Counter[str]() for language in ORDER}
    for text, language in rows:
        if language in singles:
            for run in HAN.findall(text):
                singles[language].update(run)
                pairs[language].update(map("".join, pairwise(run)))
    characters = sorted(set().union(*singles.values()))
    place = {character: i for i, character in enumerate(characters)}
    codes = np.array([ord(character) - 0x4E00 for character in characters])
    likelihood = PRIOR_CHARACTERS * character_priors()[:, codes]
    for row, language in zip(likelihood, ORDER, strict=True):
        row += [singles[language][character] for character in characters]
        row /= PRIOR_CHARACTERS + singles[language].total()

    names = sorted(set().union(*pairs.values()))
    counts = np.array([[pairs[language][name] for name in names] for language in ORDER])
    first = np.array([place[name[0]] for name in names])
    second = np.array([place[name[1]] for name in names])
    # A pair of a language with backing off to the single character, as odds over that character.
    gains = []
    for row, alone in zip(counts, likelihood, strict=True):
        starting = np.bincount(first, weights=row, minlength=len(characters))[first]
        backed_off = row + PRIOR_PAIRS * alone[second]
        gains.append(np.log(backed_off / (starting + PRIOR_PAIRS) / alone[second]))
    gain = np.array(gains)
    odds = gain[[0, 2]] - gain[1]
    weightiest = np.argsort(-np.abs(odds).sum(axis=0) * counts.sum(axis=0), kind="stable")[:PAIRS]
    return (
        _odds(characters, np.log(likelihood[[0, 2]] / likelihood[1])),
        _odds([names[i] for i in weightiest], odds[:, weightiest]),
    )


def _odds(names: list[str], odds: np.ndarray) -> Odds:
    limit = len(LEVELS) // 2
    steps = np.clip(np.rint(odds / STEP_NATS), -limit, limit) * STEP_NATS
    return {name: (float(ja), float(hant)) for name, ja, hant in zip(names, *steps, strict=True)}


def write(characters: Odds, pairs: Odds) -> None:
    def lines(text: str, width: int) -> str:
        return "\n".join(f'    "{text[i : i + width]}"' for i in range(0, len(text), width))

    def levels(odds: Odds, column: int) -> str:
        middle = len(LEVELS) // 2
        return "".join(LEVELS[round(v[column] / STEP_NATS) + middle] for v in odds.values())

    blocks = "".join(
        f"{name} = (\n{lines(text, width)}\n)\n"
        for name, text, width in (
            ("CHARACTERS", "".join(characters), 46),
            ("CHARACTER_JAPANESE", levels(characters, 0), 92),
            ("CHARACTER_TRADITIONAL", levels(characters, 1), 92),
            ("PAIRS", "".join(pairs), 46),
            ("PAIR_JAPANESE", levels(pairs, 0), 92),
            ("PAIR_TRADITIONAL", levels(pairs, 1), 92),
        )
    )
    WEIGHTS.write_text(HEAD + f'LEVELS = "{LEVELS}"\nSTEP_NATS = {STEP_NATS}\n' + blocks, "utf-8")


def right(found: Languages, expected: list[str]) -> np.ndarray:
    return np.array(
        [
            code == wanted or (wanted == "zh" and code in ("zh-Hans", "zh-Hant"))
            for code, wanted in zip(found.codes, expected, strict=True)
        ]
    )


def judge(rows: Rows, halves: tuple[Tables, Tables] | None) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row whether it is right and how sure that was."""
    ok = np.zeros(len(rows), dtype=bool)
    sure = np.zeros(len(rows), dtype=np.float32)
    for half in (0, 1):
        part = rows[half::2]
        texts, expected = [text for text, _ in part], [language for _, language in part]
        found = identify_with(halves[half], texts) if halves else identify(texts)
        ok[half::2] = right(found, expected)
        sure[half::2] = found.confidence
    return ok, sure


def han_only(rows: Rows, longest: int = 10) -> Rows:
    """Reduce texts to their Han characters, cut to 4 to `longest` of them in turn."""
    result = []
    for position, (text, language) in enumerate(rows):
        if language in (*ORDER, "zh"):
            excerpt = "".join(HAN.findall(text))[: 4 + position // 2 % (longest - 3)]
            result.append((excerpt if len(excerpt) >= 4 else "", language))
        else:
            result.append(("", language))
    return result


def table(name: str, rows: Rows, halves: tuple[Tables, Tables] | None) -> None:
    ok, sure = judge(rows, halves)
    used = np.array([bool(text) for text, _ in rows])
    languages = np.array([language for _, language in rows])
    cells = [f"{name:<26}", f"{used.sum():>6}", f"{ok[used].mean():>7.4f}"]
    for language in ("ja", "ko", "zh-Hans", "zh-Hant", "zh"):
        chosen = used & (languages == language)
        cells.append(f"{ok[chosen].mean():>8.4f}" if chosen.any() else f"{'-':>8}")
    chinese = used & np.char.startswith(languages.astype(str), "zh")
    if chinese.any():
        cells.append(f"{sure[used].mean():>7.3f}")
    print(" ".join(cells))


def calibration(rows: Rows, halves: tuple[Tables, Tables]) -> None:
    short = [(text[: 2 + i // 2 % 9], language) for i, (text, language) in enumerate(rows)]
    ok, sure = judge(short, halves)
    print("\nconfidence of corpus texts cut to 2 to 10 characters")
    print(f"{'from':>6} {'to':>6} {'texts':>6} {'sure':>7} {'right':>7}")
    edges = [0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0]
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        chosen = (sure >= low) & (sure < high)
        if chosen.any():
            print(
                f"{low:>6.2f} {high:>6.2f} {chosen.sum():>6} "
                f"{sure[chosen].mean():>7.3f} {ok[chosen].mean():>7.3f}"
            )
    print(f"{'log loss':>13} {-np.log(np.where(ok, sure, 1 - sure).clip(1e-4)).mean():.4f}")


def speed(rows: Rows) -> None:
    joined = " ".join(text for text, _ in rows[::7])
    texts = [joined[i : i + 52] for i in range(0, 52_000, 52)]
    identify(texts)
    best = min(_seconds(texts) for _ in range(10))
    print(f"\n{best / len(texts) * 1e6:.2f} microseconds per text of 52 characters, 1000 at a time")


def _seconds(texts: list[str]) -> float:
    start = time.perf_counter()
    identify(texts)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy of language identification.")
    parser.add_argument("csv", nargs="?", type=Path, help="own texts: columns text and language")
    parser.add_argument("--learn", action="store_true", help="write the weights anew and stop")
    options = parser.parse_args()
    rows = corpus()
    if options.learn:
        write(*learn(rows))
        return
    halves = (build_tables(*learn(rows[1::2])), build_tables(*learn(rows[::2])))
    print(
        f"{'':<26} {'texts':>6} {'right':>7} {'ja':>8} {'ko':>8} "
        f"{'zh-Hans':>8} {'zh-Hant':>8} {'zh':>8} {'sure':>7}"
    )
    table("corpus, whole", rows, halves)
    table("corpus, first 10", [(text[:10], language) for text, language in rows], halves)
    table("corpus, Han only, 4 to 10", han_only(rows), halves)
    table("corpus, Han only, 10 to 30", [(t, c) for t, c in han_only(rows, 30)], halves)
    if options.csv:
        own = read(options.csv)
        table("own, whole", own, None)
        table("own, first 10", [(text[:10], language) for text, language in own], None)
        table("own, Han only, 4 to 10", han_only(own), None)
    calibration(rows, halves)
    speed(rows)


if __name__ == "__main__":
    main()
