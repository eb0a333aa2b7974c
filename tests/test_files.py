from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint import files
from plaint.errors import UsageError


class FailingDisk(files.Disk):
    """Fails its call number ``fail_at``; counts them all."""

    def __init__(self, fail_at: int) -> None:
        self.calls: list[str] = []
        self.fail_at = fail_at

    def _step(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) == self.fail_at:
            raise OSError(errno.ENOSPC, f"{name} refused")

    def open(self, path: Path, flags: int) -> int:
        self._step("open")
        return super().open(path, flags)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self._step("write")
        # One byte at a time, so that a failure can fall inside the data.
        return super().write(descriptor, data[:1])

    def fsync(self, descriptor: int) -> None:
        self._step("fsync")
        super().fsync(descriptor)

    def close(self, descriptor: int) -> None:
        # A close that fails has given the descriptor back all the same.
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


def calls_of(action, *arguments) -> list[str]:
    disk = FailingDisk(0)
    action(*arguments, disk)
    return disk.calls


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_write_atomic_order_of_calls(tmp_path: Path) -> None:
    calls = calls_of(files.write_atomic, tmp_path / "a", b"xy")
    assert calls == ["open", "write", "write", "fsync", "close", "replace", "fsync_dir"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"xy"


def test_write_atomic_leaves_old_or_new_when_any_call_fails(tmp_path: Path) -> None:
    path = tmp_path / "pointer.json"
    old, new = b"the old content", b"new"
    total = len(calls_of(files.write_atomic, path, new))
    for fail_at in range(1, total + 1):
        path.write_bytes(old)
        disk = FailingDisk(fail_at)
        with pytest.raises(OSError, match="refused"):
            files.write_atomic(path, new, disk)
        renamed = disk.calls[fail_at - 1] == "fsync_dir"
        assert path.read_bytes() == (new if renamed else old), fail_at
        assert [entry.name for entry in tmp_path.iterdir()] == [path.name], fail_at


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_failed_writes_leak_no_descriptor(tmp_path: Path) -> None:
    before = open_descriptors()
    for fail_at in range(1, 8):
        with pytest.raises(OSError, match="refused"):
            files.write_atomic(tmp_path / "a", b"xy", FailingDisk(fail_at))
    assert open_descriptors() == before


def test_a_draft_that_a_crash_left_behind_does_not_disturb(tmp_path: Path) -> None:
    class Crash(files.Disk):
        def replace(self, source: Path, target: Path) -> None:
            raise KeyboardInterrupt

        def remove(self, path: Path) -> None:
            raise OSError

    with pytest.raises(KeyboardInterrupt):
        files.write_atomic(tmp_path / "a", b"1", Crash())
    assert len(list(tmp_path.iterdir())) == 1
    files.write_atomic(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"2"


def test_replace_file_leaves_old_or_new_when_any_call_fails(tmp_path: Path) -> None:
    draft, path = tmp_path / "draft", tmp_path / "final"
    draft.write_bytes(b"new")
    total = len(calls_of(files.replace_file, draft, path))
    for fail_at in range(1, total + 1):
        draft.write_bytes(b"new")
        path.write_bytes(b"old")
        disk = FailingDisk(fail_at)
        with pytest.raises(OSError, match="refused"):
            files.replace_file(draft, path, disk)
        assert path.read_bytes() == (b"new" if disk.calls[-1] == "fsync_dir" else b"old")


def test_append_line_keeps_earlier_lines_when_any_call_fails(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(b"first\n")
    total = len(calls_of(files.append_line, path, "second"))
    for fail_at in range(1, total + 1):
        path.write_bytes(b"first\n")
        disk = FailingDisk(fail_at)
        with pytest.raises(OSError, match="refused"):
            files.append_line(path, "second", disk)
        files.append_line(path, "third")
        lines = path.read_bytes().split(b"\n")
        assert lines[0] == b"first"
        assert lines[-2:] == [b"third", b""]
        assert all(b"second".startswith(line) for line in lines[1:-2])


def test_append_line_syncs_the_directory_of_a_new_file(tmp_path: Path) -> None:
    assert calls_of(files.append_line, tmp_path / "new", "a")[-1] == "fsync_dir"
    assert "fsync_dir" not in calls_of(files.append_line, tmp_path / "new", "b")
    assert (tmp_path / "new").read_bytes() == b"a\nb\n"


@pytest.mark.parametrize("line", ["a\nb", "a\rb", "\n\n"])
def test_append_line_refuses_two_lines(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        files.append_line(tmp_path / "a", line)
    assert not (tmp_path / "a").exists()


def test_digest_of_file_and_bytes_agree(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(data)
    assert files.digest_file(tmp_path / "a") == files.digest_bytes(data)
    empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert files.digest_bytes(b"") == empty


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(_json)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_canonical_json_reads_back_and_is_one_line(value: object) -> None:
    data = files.canonical_json(value)
    assert json.loads(data) == value
    assert data.count(b"\n") == 1
    assert data.endswith(b"\n")
    assert files.canonical_json(json.loads(data)) == data


def test_canonical_json_does_not_depend_on_order_and_keeps_lone_surrogates() -> None:
    one, two = {"b": 1, "a": "苦情"}, {"a": "苦情", "b": 1}
    assert files.canonical_json(one) == files.canonical_json(two)
    assert files.canonical_json(one) == '{"a":"苦情","b":1}\n'.encode()
    assert json.loads(files.canonical_json("\ud800")) == "\ud800"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_canonical_json_refuses_what_json_cannot_say(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        files.canonical_json({"a": number})


@pytest.mark.parametrize("name", ["a", "2024-05-01_x.csv", "A" * 100, "v1.2.3", "console"])
def test_safe_names(tmp_path: Path, name: str) -> None:
    assert files.safe_name(name) == name
    assert files.inside(tmp_path, name) == tmp_path.resolve() / name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "..\\a",
        "a/../../b",
        "/etc/passwd",
        "C:\\x",
        "a:b",
        "%2e%2e",
        "a?x=..",
        "a#..",
        "a\0b",
        "a\nb",
        "a ",
        "a.",
        ".hidden",
        "-rf",
        "苦情",
        "ａ",
        "con",
        "NUL.txt",
        "com1",
        "A" * 101,
        "a\n",
    ],
)
def test_fault_20_unsafe_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        files.inside(tmp_path, name)
    assert caught.value.args[0].isascii()
    assert "\n" not in caught.value.args[0]


def test_fault_20_links_that_lead_out(tmp_path: Path) -> None:
    root = tmp_path / "store"
    root.mkdir()
    (tmp_path / "store_secret").mkdir()
    try:
        (root / "out").symlink_to(tmp_path / "store_secret")
        (root / "in").symlink_to(root / "real")
    except OSError:
        pytest.skip("links are not allowed here")
    with pytest.raises(UsageError, match="leads out"):
        files.inside(root, "out")
    assert files.inside(root, "in") == (root / "real").resolve()
