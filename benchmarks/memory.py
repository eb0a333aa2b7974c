"""Peak memory of a batch run as the number of rows grows.

Run it as ``python benchmarks/memory.py 100000 300000 1000000``. Every size is labelled in a process
of its own, whose peak resident memory and time are printed. With ``--models DIR`` the current
version there answers, else numbers from digests stand in for a model.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

STARTS = ("昨日届いた", "先月買った", "店で勧められた", "返品したはずの", "二回も直した")
THINGS = ("洗濯機", "靴", "電子レンジ", "かばん", "眼鏡", "テーブル", "時計")
ENDS = (
    "が動きません。電話をしても誰も出ないのはなぜですか。",
    "に傷がありました。交換してください。",
    "の説明がまったく違っていて困っています。",
    "は私の確認不足でした。それでも返金はできますか。",
)


def write_rows(path: Path, rows: int) -> None:
    """Write invented messages, each a little different from the others."""
    chance = random.Random(rows)
    with path.open("w", encoding="utf-8") as file:
        file.write("受付番号,受付日,内容,担当\n")
        for number in range(rows):
            text = "".join(map(chance.choice, (STARTS, THINGS, ENDS)))
            file.write(f"{number:08d},2024-04-{number % 30 + 1:02d},{text}{number}回目です,A\n")


def label(source: Path, output: Path, models: Path | None) -> None:
    """Label one file and print what it took as a line of JSON."""
    import resource  # not on Windows

    from plaint.label.batch import label_files

    if models is None:
        from tests.label.fake import FakeLabeller

        labeller = FakeLabeller(outputs=40)
    else:
        from plaint.label.labeller import load_labeller

        labeller = load_labeller(models)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    summary = label_files([source], output, labeller)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        json.dumps(
            {
                "rows": summary.labelled,
                "seconds": round(took, 1),
                "before_mib": before * unit >> 20,
                "peak_mib": peak * unit >> 20,
            }
        )
    )


def main() -> None:
    """Measure every size that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--models", type=Path, help="directory of trained versions")
    parser.add_argument("--format", default="csv", choices=("csv", "tsv", "jsonl", "parquet"))
    parser.add_argument("--label", nargs=2, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if asked.label:
        label(*asked.label, asked.models)
        return
    print(f"{'rows':>10} {'seconds':>8} {'rows/s':>8} {'start MiB':>10} {'peak MiB':>9}")
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory, "in.csv")
            write_rows(source, rows)
            output = source.with_name(f"out.{asked.format}")
            command = [sys.executable, __file__, "--label", str(source), str(output)]
            if asked.models:
                command += ["--models", str(asked.models)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        speed = found["rows"] / found["seconds"] if found["seconds"] else 0
        print(
            f"{found['rows']:>10} {found['seconds']:>8} {speed:>8.0f} "
            f"{found['before_mib']:>10} {found['peak_mib']:>9}"
        )


if __name__ == "__main__":
    main()
