"""FAULTS 21, 26, 28 and 29: a batch run that is killed, starved, misled or fed with bad rows."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.label.fake import FakeLabeller

from plaint import files
from plaint.errors import JobError, JobInterrupted, JobMismatch, TooManyRejects, UsageError
from plaint.label.batch import BatchOptions, Progress, Summary, label_files
from plaint.label.ledger import LEDGER, job_directory

ROOT = Path(__file__).parent.parent.parent
OLD = b"the output of last month\r\n"
SMALL = BatchOptions(shard_rows=3, batch_rows=2, max_reject_share=0.5, id_column="id")


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


class QuickDisk(files.Disk):
    """Does not wait for the medium, which no test here can take away."""

    def fsync(self, descriptor: int) -> None:
        pass

    def fsync_dir(self, path: Path) -> None:
        pass


class MortalDisk(QuickDisk):
    """Counts its calls; fails call ``fail_at``, and all later ones if it dies of it."""

    def __init__(
        self, fail_at: int, error: Callable[[], BaseException], *, dies: bool, only: str = ""
    ) -> None:
        self.count = 0
        self.fail_at = fail_at
        self.error = error
        self.dies = dies
        self.only = only
        self.failed_in = ""

    def _step(self, name: str) -> None:
        if self.only and name != self.only:
            return
        self.count += 1
        if self.count == self.fail_at or (self.failed_in and self.dies):
            self.failed_in = self.failed_in or name
            raise self.error()

    def open(self, path: Path, flags: int) -> int:
        self._step("open")
        return super().open(path, flags)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        # Half of the data is on the disk when the failure comes.
        half = max(1, len(data) // 2)
        done = super().write(descriptor, data[:half])
        self._step("write")
        return done + super().write(descriptor, data[half:]) if data[half:] else done

    def fsync(self, descriptor: int) -> None:
        self._step("fsync")
        super().fsync(descriptor)

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        self._step("close")

    def replace(self, source: Path, target: Path) -> None:
        self._step("replace")
        super().replace(source, target)

    def fsync_dir(self, path: Path) -> None:
        self._step("fsync_dir")
        super().fsync_dir(path)

    def remove(self, path: Path) -> None:
        self._step("remove")
        super().remove(path)


QUICK = QuickDisk()


def write_input(path: Path, rows: int = 7) -> Path:
    lines = ["id,内容,店\n"]
    for number in range(rows):
        if number == 4:
            lines.append("broken row\n")
        lines.append(f"{number % 6:03d},=届いた品が{number}個も割れていました,店{number % 2}\n")
    path.write_bytes("".join(lines).encode("cp932"))
    return path


def run(directory: Path, disk: files.Disk = QUICK, *, resume: bool = False) -> Summary:
    options = BatchOptions(**{**vars(SMALL), "resume": resume})
    return label_files(
        [directory / "in.csv"], directory / "out.csv", FakeLabeller(), options, disk=disk
    )


def result(directory: Path) -> dict[str, bytes]:
    """Return every file but the input; a directory that is left shows as its name."""
    return {
        path.name: path.read_bytes() if path.is_file() else b"directory"
        for path in sorted(directory.iterdir())
        if path.name != "in.csv"
    }


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The result of a run that nothing disturbs."""
    directory = tmp_path_factory.mktemp("straight")
    write_input(directory / "in.csv")
    run(directory)
    found = result(directory)
    assert sorted(found) == ["out.csv", "out.csv.rejects.jsonl"]
    return found


def begin(directory: Path) -> Path:
    directory.mkdir()
    write_input(directory / "in.csv")
    (directory / "out.csv").write_bytes(OLD)
    return directory


def calls(tmp_path: Path, only: str = "") -> int:
    directory = begin(tmp_path / "count")
    disk = MortalDisk(0, Killed, dies=False, only=only)
    run(directory, disk)
    return disk.count


def kill_points(total: int) -> Iterator[int]:
    yield from range(1, total + 1)


def check_old_or_new(directory: Path, straight: dict[str, bytes]) -> None:
    assert (directory / "out.csv").read_bytes() in (OLD, straight["out.csv"])


def test_fault_26_killed_at_any_call_and_resumed(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    total = calls(tmp_path)
    assert total > 60
    kept_old = 0
    for fail_at in kill_points(total):
        directory = begin(tmp_path / str(fail_at))
        with pytest.raises(Killed):
            run(directory, MortalDisk(fail_at, Killed, dies=True))
        check_old_or_new(directory, straight)
        kept_old += (directory / "out.csv").read_bytes() == OLD
        run(directory, resume=True)
        assert result(directory) == straight, fail_at
    # Most of the work comes before the new output takes the place of the old one.
    assert total * 0.6 < kept_old < total


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(points=st.lists(st.integers(1, 90), min_size=2, max_size=5))
def test_fault_26_killed_again_and_again(
    tmp_path_factory: pytest.TempPathFactory, straight: dict[str, bytes], points: list[int]
) -> None:
    directory = begin(tmp_path_factory.mktemp("again") / "run")
    for fail_at in points:
        try:
            run(directory, MortalDisk(fail_at, Killed, dies=True), resume=True)
        except Killed:
            check_old_or_new(directory, straight)
    run(directory, resume=True)
    assert result(directory) == straight


def test_fault_26_full_disk_at_any_write(tmp_path: Path, straight: dict[str, bytes]) -> None:
    def full() -> OSError:
        return OSError(errno.ENOSPC, "No space left on device")

    total = calls(tmp_path, only="write")
    assert total > 10
    for fail_at in kill_points(total):
        directory = begin(tmp_path / str(fail_at))
        with pytest.raises(JobError, match="No space left") as caught:
            run(directory, MortalDisk(fail_at, full, dies=False, only="write"))
        assert "--resume" in str(caught.value) or "run it again" in str(caught.value)
        check_old_or_new(directory, straight)
        run(directory, resume=True)
        assert result(directory) == straight, fail_at


def test_fault_26_interrupted_at_any_call(tmp_path: Path, straight: dict[str, bytes]) -> None:
    total = calls(tmp_path)
    for fail_at in kill_points(total):
        directory = begin(tmp_path / str(fail_at))
        with pytest.raises(JobInterrupted) as caught:
            run(directory, MortalDisk(fail_at, KeyboardInterrupt, dies=False))
        assert "--resume" in str(caught.value) or "run it again" in str(caught.value)
        run(directory, resume=True)
        assert result(directory) == straight, fail_at


@pytest.mark.parametrize("answered", range(3))
def test_fault_26_killed_while_the_output_is_written(
    tmp_path: Path, straight: dict[str, bytes], answered: int
) -> None:
    class Mortal(FakeLabeller):
        calls = 0

        def answers(self, scores, priors):
            if self.calls == answered:
                raise Killed
            self.calls += 1
            return super().answers(scores, priors)

    directory = begin(tmp_path / "a")
    with pytest.raises(Killed):
        label_files([directory / "in.csv"], directory / "out.csv", Mortal(), SMALL)
    assert (directory / "out.csv").read_bytes() == OLD
    assert run(directory, resume=True).reused_parts == 3
    assert result(directory) == straight


def test_fault_26_killed_while_tidying_up(tmp_path: Path, straight: dict[str, bytes]) -> None:
    """The output is in its place and parts are gone: nothing is labelled again."""
    directory = begin(tmp_path / "a")
    with pytest.raises(Killed):
        run(directory, MortalDisk(5, Killed, dies=True, only="remove"))
    assert (directory / "out.csv").read_bytes() == straight["out.csv"]
    labeller = FakeLabeller()
    options = BatchOptions(**{**vars(SMALL), "resume": True})
    summary = label_files([directory / "in.csv"], directory / "out.csv", labeller, options)
    assert labeller.batches == []
    assert summary.labelled == 7
    again = begin(tmp_path / "b")
    assert summary.decisions == run(again).decisions
    assert sum(summary.decisions[0][kind] for kind in ("auto", "review")) == 7
    assert result(directory) == straight


def test_fault_26_interrupted_while_scoring_says_how_far(tmp_path: Path) -> None:
    class Interrupted(FakeLabeller):
        def score(self, texts, language=None):
            if len(self.batches) == 3:
                raise KeyboardInterrupt
            return super().score(texts, language)

    directory = begin(tmp_path / "a")
    with pytest.raises(JobInterrupted, match=r"after 6 rows.*--resume") as caught:
        label_files([directory / "in.csv"], directory / "out.csv", Interrupted(), SMALL)
    assert caught.value.exit_status == 130
    summary = run(directory, resume=True)
    assert summary.reused_parts == 2
    assert (summary.rows, summary.labelled, summary.rejects) == (8, 7, 1)


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs file size limits")
def test_fault_26_a_real_limit_of_file_size(tmp_path: Path) -> None:
    import resource

    directory = tmp_path / "a"
    directory.mkdir()
    write_input(directory / "in.csv", rows=2_000)
    (directory / "out.csv").write_bytes(OLD)
    options = BatchOptions(shard_rows=200)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No part is as large as this, but the output is.
    limit = 60_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(JobError, match="--resume"):
            label_files([directory / "in.csv"], directory / "out.csv", FakeLabeller(), options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (directory / "out.csv").read_bytes() == OLD
    options = BatchOptions(shard_rows=200, resume=True)
    summary = label_files([directory / "in.csv"], directory / "out.csv", FakeLabeller(), options)
    assert (summary.labelled, summary.reused_parts) == (2_000, 11)
    assert (directory / "out.csv").stat().st_size > limit


KILLED = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from plaint.label.batch import BatchOptions, label_files
from tests.label.fake import FakeLabeller

class Slow(FakeLabeller):
    def score(self, texts, language=None):
        if len(self.batches) >= 8:
            print("waiting", flush=True)
            sys.stdin.readline()
        return super().score(texts, language)

directory = Path({directory!r})
label_files([directory / "in.csv"], directory / "out.csv", Slow(), BatchOptions(**{options!r}))
"""


def test_fault_26_a_real_kill(tmp_path: Path) -> None:
    """The process is killed while the ledger has several parts and more are to come."""
    directories = [tmp_path / name for name in ("straight", "killed")]
    for directory in directories:
        directory.mkdir()
        write_input(directory / "in.csv", rows=40)
        (directory / "out.csv").write_bytes(OLD)
    run(directories[0])
    directory = directories[1]
    script = textwrap.dedent(KILLED).format(
        root=str(ROOT), directory=str(directory), options=vars(SMALL)
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path])},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        # The ledger grows line by line; the process then waits for a line that never comes.
        assert process.stdout.readline().strip() == b"waiting"
        ledger = job_directory(directory / "out.csv") / LEDGER
        lines = ledger.read_bytes().splitlines()
        assert 3 <= len(lines) < 14
        with pytest.raises(JobError, match="another run works on this output"):
            run(directory, resume=True)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    assert (directory / "out.csv").read_bytes() == OLD
    summary = run(directory, resume=True)
    assert summary.reused_parts == len(lines) - 1
    assert result(directory) == result(directories[0])


def stop_after(directory: Path, parts: int, **changes: object) -> Path:
    """Leave a run with so many parts and return its directory."""

    done: list[Progress] = []

    def stop(progress: Progress) -> None:
        done.append(progress)
        if len(done) == parts:
            raise KeyboardInterrupt

    options = BatchOptions(**{**vars(SMALL), **changes})
    with pytest.raises(JobInterrupted):
        label_files([directory / "in.csv"], directory / "out.csv", FakeLabeller(), options, stop)
    return job_directory(directory / "out.csv")


def test_fault_28_changed_input(tmp_path: Path, straight: dict[str, bytes]) -> None:
    directory = begin(tmp_path / "a")
    job = stop_after(directory, 1)
    data = (directory / "in.csv").read_bytes()
    (directory / "in.csv").write_bytes(data.replace(b"000", b"900"))
    with pytest.raises(JobMismatch, match=r"inputs \(in\.csv\)"):
        run(directory, resume=True)
    assert job.is_dir()
    (directory / "in.csv").write_bytes(data)
    run(directory, resume=True)
    assert result(directory) == straight


def test_fault_28_promoted_model(tmp_path: Path) -> None:
    directory = begin(tmp_path / "a")
    stop_after(directory, 1)
    options = BatchOptions(**{**vars(SMALL), "resume": True})
    with pytest.raises(JobMismatch, match=r"version \(was v1, is v2\)"):
        label_files(
            [directory / "in.csv"], directory / "out.csv", FakeLabeller(version="v2"), options
        )
    assert (directory / "out.csv").read_bytes() == OLD


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prior", "benchmark"),
        ("mask", True),
        ("language", "ja"),
        ("text_column", "店"),
        ("shard_rows", 4),
    ],
)
def test_fault_28_changed_option(tmp_path: Path, name: str, value: object) -> None:
    directory = begin(tmp_path / "a")
    stop_after(directory, 1)
    options = BatchOptions(**{**vars(SMALL), "resume": True, name: value})
    with pytest.raises(JobMismatch, match=f"option {name}"):
        label_files([directory / "in.csv"], directory / "out.csv", FakeLabeller(), options)


def test_fault_28_other_plaint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = begin(tmp_path / "a")
    stop_after(directory, 1)
    monkeypatch.setattr("plaint.__version__", "99")
    with pytest.raises(JobMismatch, match=r"plaint \(was .*, is 99\)"):
        run(directory, resume=True)


def test_fault_28_input_changes_while_it_is_read(tmp_path: Path) -> None:
    directory = begin(tmp_path / "a")
    path = directory / "in.csv"

    class Meddling(FakeLabeller):
        def score(self, texts, language=None):
            if len(self.batches) == 2:
                path.write_bytes(path.read_bytes() + b"999,x,y\n")
            return super().score(texts, language)

    with pytest.raises(JobMismatch, match="changed while it was read"):
        label_files([path], directory / "out.csv", Meddling(), SMALL)
    # Such a run can never be finished, so nothing of it is kept.
    assert result(directory) == {"out.csv": OLD}


def test_fault_26_an_unfinished_run_is_not_overwritten(tmp_path: Path) -> None:
    directory = begin(tmp_path / "a")
    job = stop_after(directory, 2)
    before = {path.name: path.read_bytes() for path in job.iterdir()}
    with pytest.raises(UsageError, match=r"unfinished run.*--resume"):
        run(directory)
    assert {path.name: path.read_bytes() for path in job.iterdir()} == before


@pytest.mark.parametrize("kind", ["rows.jsonl", "index.npz", "rejects.jsonl"])
@pytest.mark.parametrize("damage", ["change", "cut", "lose"])
def test_fault_26_a_damaged_part_is_made_again(
    tmp_path: Path, straight: dict[str, bytes], kind: str, damage: str
) -> None:
    directory = begin(tmp_path / "a")
    job = stop_after(directory, 2)
    part = max(job.glob(f"*.{kind}"))
    data = part.read_bytes()
    if damage == "lose":
        part.unlink()
    else:
        part.write_bytes(data[:-5] if damage == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
    summary = run(directory, resume=True)
    assert summary.reused_parts == 1
    assert result(directory) == straight


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_fault_26_half_a_ledger_line(tmp_path: Path, straight: dict[str, bytes], cut: int) -> None:
    directory = begin(tmp_path / "a")
    ledger = stop_after(directory, 2) / LEDGER
    data = ledger.read_bytes()
    ledger.write_bytes(data[:-cut])
    assert run(directory, resume=True).reused_parts == (2 if cut == 1 else 1)
    assert result(directory) == straight


def test_fault_26_a_ledger_that_tells_lies(tmp_path: Path, straight: dict[str, bytes]) -> None:
    """Parts that the ledger claims without having them are made, whatever else it says."""
    directory = begin(tmp_path / "a")
    ledger = stop_after(directory, 1) / LEDGER
    part = json.loads(ledger.read_bytes().splitlines()[1])["part"]
    lies = [
        {"part": {**part, "shard": 1}},
        {"part": {**part, "shard": 1, "first": 3}},
        {"part": {**part, "shard": 2, "files": {}}},
        {"part": {**part, "rows": "3"}},
        {"part": {**part, "records": 4}},
        {"part": {"shard": 1}},
        {"part": 7},
        {"labelled": 3},
        {"finished": {"output": "sha256:0"}},
        [1],
    ]
    with ledger.open("ab") as file:
        file.write(b"".join(files.canonical_json(lie) for lie in lies))
        file.write(b"\xff\xfe\n" + b"[" * 10_000 + b"\n")
    assert run(directory, resume=True).reused_parts == 1
    assert result(directory) == straight


def test_fault_29_bad_rows_are_told(straight: dict[str, bytes]) -> None:
    rejects = [json.loads(line) for line in straight["out.csv.rejects.jsonl"].splitlines()]
    assert rejects == [
        {"source": "in.csv", "row": 5, "reason": "line 6: 1 cells, the header has 3"}
    ]


def test_fault_29_too_many_bad_rows(tmp_path: Path) -> None:
    directory = begin(tmp_path / "a")
    with pytest.raises(TooManyRejects, match="1 of the first 8 rows") as caught:
        label_files(
            [directory / "in.csv"],
            directory / "out.csv",
            FakeLabeller(),
            BatchOptions(max_reject_share=0.1),
        )
    assert caught.value.exit_status == 5
    assert sorted(result(directory)) == ["out.csv", "out.csv.rejects.jsonl"]
    assert (directory / "out.csv").read_bytes() == OLD


def test_fault_29_too_many_bad_rows_stop_a_long_run_early(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = [f"{n},この商品は{n}日で壊れました" if n % 5 else "bad" for n in range(1000)]
    path.write_text("\n".join(["id,内容", *rows]), encoding="utf-8")
    labeller = FakeLabeller()
    with pytest.raises(TooManyRejects, match="20 of the first 100 rows"):
        label_files([path], tmp_path / "out.csv", labeller, BatchOptions(shard_rows=10))
    assert sum(labeller.batches) == 80
    lines = (tmp_path / "out.csv.rejects.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["row"] for line in lines] == list(range(1, 101, 5))


def test_fault_21_cells_that_would_be_formulas(straight: dict[str, bytes]) -> None:
    text = straight["out.csv"].decode("utf-8-sig")
    assert text.count(",'=届いた") == 7


def test_the_kill_harness_can_fail(tmp_path: Path) -> None:
    """A run that wrote its output in place would be caught: the harness sees half a file."""
    target = tmp_path / "out.csv"
    target.write_bytes(OLD)
    disk = MortalDisk(2, Killed, dies=True)

    def naive() -> None:
        descriptor = disk.open(target, os.O_WRONLY | os.O_TRUNC)
        disk.write(descriptor, b"new output")

    with pytest.raises(Killed):
        naive()
    assert target.read_bytes() not in (OLD, b"new output")


def test_time_is_not_in_the_result(tmp_path: Path, straight: dict[str, bytes]) -> None:
    directory = begin(tmp_path / "a")
    os.utime(directory / "in.csv", (time.time() - 10_000,) * 2)
    run(directory)
    assert result(directory) == straight
