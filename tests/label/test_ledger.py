from __future__ import annotations

import errno
from pathlib import Path

import pytest

from plaint.errors import JobError, JobMismatch, UsageError
from plaint.label.ledger import LEDGER, Entry, job_directory, open_job
from plaint.label.parts import INDEX, ROWS

HEAD = {"version": "v1", "inputs": [{"name": "a", "digest": "1"}], "options": {"mask": False}}
ENTRY = Entry(shard=0, source=0, first=0, records=2, rows=2, rejects=0, files={})
FILES = {ROWS: b"[]\n[]\n", INDEX: b"numbers"}


def begin(tmp_path: Path) -> Path:
    job = open_job(tmp_path / "out.csv", HEAD)
    job.store(ENTRY, FILES)
    job.close()
    return job.directory


def test_a_part_is_found_again(tmp_path: Path) -> None:
    begin(tmp_path)
    job = open_job(tmp_path / "out.csv", HEAD, resume=True)
    entry = job.trusted(0, 0, 0)
    assert entry is not None
    assert job.read(entry, ROWS) == FILES[ROWS]
    assert job.read(entry, "rejects.jsonl") == b""
    assert job.trusted(0, 1, 0) is None
    assert job.trusted(0, 0, 2) is None
    assert job.trusted(1, 0, 2) is None
    assert job.complete() is None
    job.mark_labelled(1)
    assert job.complete() == [entry]
    job.path(0, ROWS).write_bytes(b"[1]\n[]\n")
    assert job.complete() is None
    with pytest.raises(JobError, match="lost or changed"):
        job.read(entry, ROWS)
    job.close()


def test_part_names_tell_the_run(tmp_path: Path) -> None:
    one = begin(tmp_path)
    names = sorted(path.name for path in one.iterdir())
    other = tmp_path / "other"
    other.mkdir()
    job = open_job(other / "out.csv", {**HEAD, "version": "v2"})
    job.store(ENTRY, FILES)
    job.close()
    assert not {n for n in names if n[0] == "0"} & {p.name for p in job.directory.iterdir()}


def test_one_run_at_a_time(tmp_path: Path) -> None:
    job = open_job(tmp_path / "out.csv", HEAD)
    with pytest.raises(JobError, match="another run"):
        open_job(tmp_path / "out.csv", HEAD, resume=True)
    job.close()
    job.close()
    open_job(tmp_path / "out.csv", HEAD, resume=True).close()


def test_a_drive_that_knows_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("plaint.label._lock._take", refuse)
    job = open_job(tmp_path / "out.csv", HEAD)
    job.store(ENTRY, FILES)
    job.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "v2"}, r"version \(was v1, is v2\)"),
        ({"inputs": [{"name": "a", "digest": "2"}]}, r"inputs \(a\)"),
        ({"inputs": [*HEAD["inputs"], {"name": "b", "digest": "2"}]}, r"inputs \(b\)"),
        ({"options": {"mask": True}}, "option mask"),
        ({"options": {"mask": False, "speed": 1}}, "option speed"),
        ({"columns": ["x"]}, "not as they were: columns"),
    ],
)
def test_mismatch_names_what_differs(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    begin(tmp_path)
    with pytest.raises(JobMismatch, match=message):
        open_job(tmp_path / "out.csv", {**HEAD, **change}, resume=True)
    # The lock is not kept by a run that was refused.
    open_job(tmp_path / "out.csv", HEAD, resume=True).close()


def test_an_unfinished_run_is_kept(tmp_path: Path) -> None:
    directory = begin(tmp_path)
    with pytest.raises(UsageError, match="unfinished run"):
        open_job(tmp_path / "out.csv", HEAD)
    assert open_job(tmp_path / "out.csv", HEAD, resume=True).trusted(0, 0, 0) is not None
    assert (directory / LEDGER).is_file()


def test_a_finished_run_makes_room(tmp_path: Path) -> None:
    begin(tmp_path)
    job = open_job(tmp_path / "out.csv", HEAD, resume=True)
    job.mark_finished({"output": "sha256:1"})
    job.close()
    again = open_job(tmp_path / "out.csv", HEAD, resume=True)
    assert again.finished == {"output": "sha256:1"}
    again.close()
    fresh = open_job(tmp_path / "out.csv", {**HEAD, "version": "v2"})
    assert fresh.entries == {}
    assert sorted(path.name for path in fresh.directory.iterdir()) == [LEDGER, "lock"]
    fresh.remove()
    assert not fresh.directory.exists()


def test_a_directory_without_a_ledger_is_swept(tmp_path: Path) -> None:
    directory = begin(tmp_path)
    (directory / LEDGER).unlink()
    (directory / "draft.csv").write_bytes(b"half")
    job = open_job(tmp_path / "out.csv", HEAD)
    assert sorted(path.name for path in directory.iterdir()) == [LEDGER, "lock"]
    job.close()


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    directory = job_directory(tmp_path / "out.csv")
    directory.mkdir()
    (directory / "thesis.txt").write_bytes(b"years of work")
    with pytest.raises(UsageError, match="holds other files"):
        open_job(tmp_path / "out.csv", HEAD)
    assert [path.name for path in directory.iterdir()] == ["thesis.txt"]

    (directory / "thesis.txt").unlink()
    job = open_job(tmp_path / "out.csv", HEAD)
    (directory / "thesis.txt").write_bytes(b"years of work")
    job.remove()
    assert [path.name for path in directory.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_place_of_the_directory(tmp_path: Path) -> None:
    job_directory(tmp_path / "out.csv").write_bytes(b"")
    with pytest.raises(UsageError, match="is a file"):
        open_job(tmp_path / "out.csv", HEAD)
