from __future__ import annotations

import errno
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.model import tiny
from tests.model.tiny import FACTS, GOLDEN, TEXTS, TinyClassifier

from plaint import files
from plaint.errors import UsageError, VersionDamaged, VersionError, VersionNotFound
from plaint.files import digest_file
from plaint.model import bundle
from plaint.model._lock import exclusive
from plaint.model.registry import Registry


@pytest.fixture(autouse=True)
def _trust_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "TRUSTED_TYPES", tiny.TRUSTED)


def ticking() -> Iterator[datetime]:
    time = datetime(2024, 5, 1, tzinfo=UTC)
    while True:
        yield time
        time += timedelta(minutes=1)


def registry(root: Path, disk: files.Disk = files.DISK) -> Registry:
    times = ticking()
    return Registry(root, clock=lambda: next(times), disk=disk)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A models directory with three versions, none promoted."""
    root = tmp_path_factory.mktemp("built") / "models"
    classifier = TinyClassifier().fit(TEXTS)
    own = registry(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "TRUSTED_TYPES", tiny.TRUSTED)
        ids = [
            own.add(classifier, facts=FACTS | {"seed": seed}, golden=GOLDEN[:1])
            for seed in range(3)
        ]
    return root, ids


@pytest.fixture
def models(built: tuple[Path, list[str]], tmp_path: Path) -> Path:
    shutil.copytree(built[0], tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def ids(built: tuple[Path, list[str]]) -> list[str]:
    return built[1]


def serving(root: Path) -> str | None:
    current = Registry(root).current()
    return current.version if current else None


def test_an_empty_directory_says_train(tmp_path: Path) -> None:
    own = Registry(tmp_path / "models")
    assert own.versions() == []
    assert own.current() is None
    with pytest.raises(VersionNotFound, match="plaint train"):
        own.load()
    with pytest.raises(VersionNotFound, match="plaint train"):
        own.load("v-00000000")
    # Looking makes nothing.
    assert not (tmp_path / "models").exists()


def test_versions_without_a_current_one_say_promote(models: Path, ids: list[str]) -> None:
    with pytest.raises(VersionNotFound, match=f"plaint models promote {sorted(ids)[-1]}"):
        Registry(models).load()


def test_an_id_comes_from_the_manifest(models: Path, ids: list[str]) -> None:
    assert len(set(ids)) == 3
    for version in ids:
        digest = digest_file(models / "versions" / version / "manifest.json")
        assert version == "v-" + digest.removeprefix("sha256:")[:8]


def test_adding_again_changes_nothing(models: Path, ids: list[str]) -> None:
    own = registry(models)
    journal = (models / "journal.jsonl").read_bytes()
    version = own.add(TinyClassifier().fit(TEXTS), facts=FACTS | {"seed": 0}, golden=GOLDEN[:1])
    assert version == ids[0]
    assert (models / "journal.jsonl").read_bytes() == journal
    assert sorted(path.name for path in (models / "versions").iterdir()) == sorted(ids)


def test_adding_again_does_not_trust_what_is_there(models: Path, ids: list[str]) -> None:
    (models / "versions" / ids[0] / "pieces.model").write_bytes(b"")
    with pytest.raises(VersionDamaged, match=r"pieces\.model"):
        registry(models).add(
            TinyClassifier().fit(TEXTS), facts=FACTS | {"seed": 0}, golden=GOLDEN[:1]
        )


def test_a_failed_save_leaves_no_draft(tmp_path: Path) -> None:
    classifier = TinyClassifier().fit(TEXTS)
    classifier.more_ = {1}
    with pytest.raises(VersionError):
        registry(tmp_path).add(classifier, facts={})
    assert list((tmp_path / "versions").iterdir()) == []


def test_the_list_says_what_each_version_is(models: Path, ids: list[str]) -> None:
    own = registry(models)
    own.promote(ids[1])
    (models / "versions" / ids[2] / "taxonomy.json").write_bytes(b"{}")
    (models / "versions" / "draft-0123456789ab").mkdir()
    infos = own.versions()
    assert [info.id for info in infos] == ids
    assert [info.status for info in infos] == ["ok", "ok", "damaged"]
    assert [info.current for info in infos] == [False, True, False]
    assert infos[0].created == "2024-05-01T00:00:00+00:00"
    assert infos[0].data == FACTS["data"]
    assert infos[0].scores == FACTS["scores"]
    assert infos[0].problem is None
    assert "taxonomy.json" in (infos[2].problem or "")


def test_the_list_names_incompatible_versions(
    models: Path, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from plaint.model import _manifest

    here = _manifest.installed_libraries() | {"scikit-learn": "99.1.0"}
    monkeypatch.setattr(_manifest, "installed_libraries", lambda: here)
    infos = Registry(models).versions()
    assert {info.status for info in infos} == {"incompatible"}
    assert infos[0].data == FACTS["data"]


def test_promoting_and_going_back(models: Path, ids: list[str]) -> None:
    own = registry(models)
    one, two, three = ids
    for version in (one, two, three):
        own.promote(version, reason="better")
        assert serving(models) == version
    assert own.load().manifest.digest == own.verify(three).digest
    assert own.rollback(reason="worse") == two
    assert own.rollback() == one
    with pytest.raises(VersionNotFound, match="No version served before"):
        own.rollback()
    assert serving(models) == one
    own.promote(three)
    assert own.rollback() == one
    lines = [(entry.action, entry.version, entry.previous) for entry in own.history()[3:]]
    assert lines == [
        ("promote", one, None),
        ("promote", two, one),
        ("promote", three, two),
        ("rollback", two, three),
        ("rollback", one, two),
        ("promote", three, one),
        ("rollback", one, three),
    ]
    assert own.history()[3].reason == "better"
    assert own.history()[6].reason == "worse"


def test_promoting_the_current_version_changes_nothing(models: Path, ids: list[str]) -> None:
    own = registry(models)
    own.promote(ids[0])
    before = (models / "journal.jsonl").read_bytes()
    own.promote(ids[0])
    assert (models / "journal.jsonl").read_bytes() == before


def test_a_rollback_to_a_damaged_version_is_refused(models: Path, ids: list[str]) -> None:
    own = registry(models)
    own.promote(ids[0])
    own.promote(ids[1])
    (models / "versions" / ids[0] / "classifier.skops").unlink()
    with pytest.raises(VersionDamaged, match=r"classifier\.skops is missing"):
        own.rollback()
    assert serving(models) == ids[1]


def test_a_renamed_version_is_refused(models: Path, ids: list[str]) -> None:
    (models / "versions" / ids[0]).rename(models / "versions" / "v-00000000")
    with pytest.raises(VersionDamaged, match=f"holds the version {ids[0]}"):
        Registry(models).load("v-00000000")


def test_a_replaced_manifest_is_refused_by_the_journal(models: Path, ids: list[str]) -> None:
    source, target = (models / "versions" / version for version in ids[:2])
    shutil.copy(source / "manifest.json", target / "manifest.json")
    with pytest.raises(VersionDamaged, match=r"manifest\.json is another one"):
        Registry(models).load(ids[1])


def test_a_reason_is_one_line_of_bounded_length(models: Path, ids: list[str]) -> None:
    own = registry(models)
    own.promote(ids[0], reason="two\nlines \u2028 \ud800")
    assert own.history()[-1].reason == "two\nlines \u2028 \ud800"
    with pytest.raises(UsageError, match="501 characters"):
        own.promote(ids[1], reason="x" * 501)
    assert serving(models) == ids[0]


def test_a_torn_journal_loses_no_other_line(models: Path, ids: list[str]) -> None:
    own = registry(models)
    own.promote(ids[0])
    own.promote(ids[1])
    with (models / "journal.jsonl").open("ab") as file:
        file.write(b'\xff{"time": "2024')
    own.promote(ids[2])
    assert [entry.version for entry in own.history()[3:]] == ids
    assert own.rollback() == ids[1]


def test_a_lost_journal_is_begun_again(models: Path, ids: list[str]) -> None:
    own = registry(models)
    own.promote(ids[0])
    (models / "journal.jsonl").unlink()
    own.promote(ids[1])
    assert [(entry.action, entry.version) for entry in own.history()] == [
        ("promote", ids[0]),
        ("promote", ids[1]),
    ]
    assert own.rollback() == ids[0]


class FailingDisk(files.Disk):
    """Fails its call number ``fail_at``."""

    def __init__(self, fail_at: int) -> None:
        self.calls = 0
        self.fail_at = fail_at

    def _step(self) -> None:
        self.calls += 1
        if self.calls == self.fail_at:
            raise OSError(errno.ENOSPC, "no space")

    def open(self, path: Path, flags: int) -> int:
        self._step()
        return super().open(path, flags)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self._step()
        return super().write(descriptor, data[: len(data) - 1 or 1])

    def fsync(self, descriptor: int) -> None:
        self._step()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self._step()
        super().replace(source, target)

    def fsync_dir(self, path: Path) -> None:
        self._step()
        super().fsync_dir(path)


def test_a_promotion_cut_anywhere_is_done_or_not_done(
    models: Path, ids: list[str], tmp_path: Path
) -> None:
    first = registry(models)
    first.promote(ids[0])
    outcomes = set()
    for fail_at in range(1, 100):
        root = tmp_path / str(fail_at)
        shutil.copytree(models, root)
        try:
            registry(root, FailingDisk(fail_at)).promote(ids[1])
        except OSError:
            found = serving(root)
            outcomes.add(found)
            # Whatever happened, the next one works, and going back finds what served.
            again = registry(root)
            again.promote(ids[2])
            assert again.rollback() == found
        else:
            break
    else:
        pytest.fail("the disk never stopped failing")
    assert outcomes == {ids[0], ids[1]}
    assert serving(root) == ids[1]


def test_an_addition_cut_anywhere_leaves_a_whole_version_or_none(tmp_path: Path) -> None:
    classifier = TinyClassifier().fit(TEXTS)
    for fail_at in range(1, 100):
        root = tmp_path / str(fail_at)
        try:
            registry(root, FailingDisk(fail_at)).add(classifier, facts=FACTS)
        except OSError:
            assert all(info.status == "ok" for info in Registry(root).versions())
            version = registry(root).add(classifier, facts=FACTS)
            assert [entry.version for entry in Registry(root).history()] == [version]
            assert [path.name for path in (root / "versions").iterdir()] == [version]
        else:
            break
    else:
        pytest.fail("the disk never stopped failing")


def test_the_lock_is_exclusive_and_given_back(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    with (
        exclusive(lock),
        pytest.raises(VersionError, match="locked by another process"),
        exclusive(lock, wait_seconds=0),
    ):
        pytest.fail("two hold the lock")
    with exclusive(lock, wait_seconds=0):
        pass


def test_a_waiting_holder_gets_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    order: list[str] = []
    ready = threading.Event()

    def wait() -> None:
        ready.set()
        with exclusive(lock):
            order.append("second")

    thread = threading.Thread(target=wait)
    with exclusive(lock):
        thread.start()
        assert ready.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_the_journal_is_readable_by_other_tools(models: Path, ids: list[str]) -> None:
    registry(models).promote(ids[0], reason="初回")
    lines = (models / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["reason"] == "初回"
    assert all(json.loads(line)["manifest"].startswith("sha256:") for line in lines)


class RegistryMachine(RuleBasedStateMachine):
    """The registry against a list of who served."""

    built: tuple[Path, list[str]]
    place: Path
    count = 0

    @initialize()
    def begin(self) -> None:
        type(self).count += 1
        self.root = self.place / str(self.count)
        shutil.copytree(self.built[0], self.root)
        self.served: list[str] = []

    @rule(number=st.integers(0, 2))
    def promote(self, number: int) -> None:
        version = self.built[1][number]
        registry(self.root).promote(version)
        if self.served[-1:] != [version]:
            self.served.append(version)

    @precondition(lambda self: len(self.served) > 1)
    @rule()
    def rollback(self) -> None:
        self.served.pop()
        assert registry(self.root).rollback() == self.served[-1]

    @precondition(lambda self: len(self.served) < 2)
    @rule()
    def rollback_without_a_past(self) -> None:
        with pytest.raises(VersionNotFound):
            registry(self.root).rollback()

    @rule(number=st.integers(0, 2), fail_at=st.integers(1, 9))
    def promote_on_a_full_disk(self, number: int, fail_at: int) -> None:
        version = self.built[1][number]
        before = serving(self.root)
        try:
            registry(self.root, FailingDisk(fail_at)).promote(version)
        except OSError:
            if serving(self.root) == before:
                return
        if self.served[-1:] != [version]:
            # Without its line a step back to the version before looks like a rollback.
            lines = Registry(self.root).history()
            if self.served[-2:-1] == [version] and lines[-1].version != version:
                self.served.pop()
            else:
                self.served.append(version)

    @invariant()
    def the_pointer_is_right(self) -> None:
        if hasattr(self, "served"):
            assert serving(self.root) == (self.served[-1] if self.served else None)


def test_the_registry_keeps_who_served(built: tuple[Path, list[str]], tmp_path: Path) -> None:
    machine = type("Machine", (RegistryMachine,), {"built": built, "place": tmp_path})
    machine.TestCase.settings = settings(
        deadline=None, derandomize=True, max_examples=12, stateful_step_count=10
    )
    machine.TestCase().runTest()
