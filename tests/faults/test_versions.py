"""What must not hurt: rows 8, 9, 17, 18 and 20 of the table of faults, for versions on disk."""

from __future__ import annotations

import ast
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sentencepiece
import skops.io
from sklearn.linear_model import LogisticRegression
from tests.model import tiny
from tests.model.tiny import FACTS, GOLDEN, TEXTS, TinyClassifier

from plaint.errors import UsageError, VersionDamaged, VersionError, VersionNotFound
from plaint.files import canonical_json, digest_file
from plaint.model import _archive, _verified, bundle
from plaint.model._lock import exclusive
from plaint.model.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("card.md", "classifier.skops", "manifest.json", "pieces.model", "taxonomy.json")


@pytest.fixture(autouse=True)
def _trust_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "TRUSTED_TYPES", tiny.TRUSTED)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    root = tmp_path_factory.mktemp("built") / "models"
    own = Registry(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "TRUSTED_TYPES", tiny.TRUSTED)
        ids = [
            own.add(
                TinyClassifier(vocab_size).fit(TEXTS),
                facts=FACTS,
                golden=GOLDEN,
                extras={"card.md": f"# Card {vocab_size}\n".encode()},
            )
            for vocab_size in (80, 90)
        ]
        own.promote(ids[0])
    return root, ids


@pytest.fixture
def models(built: tuple[Path, list[str]], tmp_path: Path) -> Path:
    shutil.copytree(built[0], tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def ids(built: tuple[Path, list[str]]) -> list[str]:
    return built[1]


@pytest.fixture
def current(models: Path, ids: list[str]) -> Path:
    return models / "versions" / ids[0]


@pytest.fixture
def nothing_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test when a parser of parts sees anything."""

    def never(*args: object, **kwargs: object) -> Any:
        raise AssertionError("a parser was called")

    monkeypatch.setattr(_archive, "loads", never)
    monkeypatch.setattr(skops.io, "loads", never)
    monkeypatch.setattr(sentencepiece, "SentencePieceProcessor", never)
    monkeypatch.setattr(bundle, "_taxonomy", never)


def reseal(models: Path, version: Path) -> None:
    """Do what an attacker with write access would: make every digest fit, the name included."""
    table = json.loads((version / "manifest.json").read_bytes())
    table["parts"] = {
        path.name: {"digest": digest_file(path), "bytes": path.stat().st_size}
        for path in version.iterdir()
        if path.name != "manifest.json"
    }
    (version / "manifest.json").write_bytes(canonical_json(table))
    digest = digest_file(version / "manifest.json")
    version_id = "v-" + digest.removeprefix("sha256:")[:8]
    version.rename(version.with_name(version_id))
    pointer = {"version": version_id, "manifest": digest}
    (models / "current").write_bytes(canonical_json(pointer))


class Payload:
    """Makes a directory when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.target),)


# Row 17: tampered, truncated, swapped, foreign.


def test_fault_17_an_untouched_version_loads(models: Path) -> None:
    assert Registry(models).load().classifier.score(["返品"]).logits.shape == (1, 3)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_fault_17_tampered_part_is_refused_by_name(
    name: str, where: float, models: Path, current: Path, nothing_parsed: None
) -> None:
    data = bytearray((current / name).read_bytes())
    data[round(where * (len(data) - 1))] ^= 1
    (current / name).write_bytes(data)
    with pytest.raises(VersionDamaged) as caught:
        Registry(models).load()
    assert str(current / name) in str(caught.value)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("kept", [0, 0.5, -1])
def test_fault_17_truncated_part_is_refused_by_name(
    name: str, kept: float, models: Path, current: Path, nothing_parsed: None
) -> None:
    data = (current / name).read_bytes()
    (current / name).write_bytes(data[: int(kept * len(data)) if kept != -1 else -1])
    with pytest.raises(VersionDamaged) as caught:
        Registry(models).load()
    assert str(current / name) in str(caught.value)
    assert name == "manifest.json" or f"bytes instead of {len(data)}" in str(caught.value)


@pytest.mark.parametrize("name", PARTS)
def test_fault_17_missing_part_is_refused_by_name(
    name: str, models: Path, current: Path, nothing_parsed: None
) -> None:
    (current / name).unlink()
    with pytest.raises(VersionDamaged) as caught:
        Registry(models).load()
    assert f"{current / name} is missing" in str(caught.value)


@pytest.mark.parametrize("name", [name for name in PARTS if name != "taxonomy.json"])
def test_fault_17_part_of_another_version_is_refused_by_name(
    name: str, models: Path, ids: list[str], current: Path, nothing_parsed: None
) -> None:
    other = models / "versions" / ids[1]
    assert (other / name).read_bytes() != (current / name).read_bytes()
    shutil.copy(other / name, current / name)
    with pytest.raises(VersionDamaged) as caught:
        Registry(models).load()
    assert str(current / name) in str(caught.value)


def test_fault_17_swapped_directories_are_refused(
    models: Path, ids: list[str], nothing_parsed: None
) -> None:
    one, two = (models / "versions" / version for version in ids)
    one.rename(models / "versions" / "aside")
    two.rename(one)
    (models / "versions" / "aside").rename(two)
    for version in (None, *ids):
        with pytest.raises(VersionDamaged, match=r"manifest\.json is another one"):
            Registry(models).load(version)


def test_fault_17_extra_file_is_refused_by_name(
    models: Path, current: Path, nothing_parsed: None
) -> None:
    (current / "helper.pkl").write_bytes(b"x")
    with pytest.raises(VersionDamaged, match=r"'helper\.pkl' .* is not listed"):
        Registry(models).load()


def test_fault_17_huge_manifest_is_not_read(
    models: Path, current: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(path: Path, size: int) -> bytes:
        raise AssertionError(f"{size} bytes were read")

    size = bundle.LIMITS.max_manifest_bytes + 1
    with (current / "manifest.json").open("r+b") as file:
        file.truncate(size)
    monkeypatch.setattr(_verified, "_read", never)
    with pytest.raises(VersionDamaged, match=rf"manifest\.json has {size} bytes"):
        Registry(models).load()


@pytest.mark.parametrize("name", PARTS)
def test_fault_17_link_in_place_of_a_part_is_refused_by_name(
    name: str, models: Path, current: Path, tmp_path: Path, nothing_parsed: None
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(current / name, moved)
    try:
        (current / name).symlink_to(moved)
    except OSError:
        pytest.skip("this system lets nobody make links")
    with pytest.raises(VersionDamaged) as caught:
        Registry(models).load()
    assert f"{current / name} is a link" in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_fault_17_pipe_in_place_of_a_part_does_not_hang(models: Path, current: Path) -> None:
    (current / "pieces.model").unlink()
    os.mkfifo(current / "pieces.model")
    with pytest.raises(VersionDamaged, match=r"pieces\.model is a link or no file"):
        Registry(models).load()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_fault_17_planted_pickle_does_not_run(
    protocol: int, models: Path, current: Path, tmp_path: Path
) -> None:
    target = tmp_path / "owned"
    data = pickle.dumps(Payload(target), protocol)
    size = (current / "classifier.skops").stat().st_size
    data += b"." * (size - len(data))
    pickle.loads(data)
    assert target.is_dir(), "the payload itself must work"
    target.rmdir()

    (current / "classifier.skops").write_bytes(data)
    with pytest.raises(VersionDamaged, match=r"classifier\.skops"):
        Registry(models).load()
    reseal(models, current)
    with pytest.raises(VersionDamaged, match=r"classifier\.skops is refused"):
        Registry(models).load()
    assert not target.exists()


@pytest.mark.parametrize("name", ["pieces.model", "taxonomy.json"])
def test_fault_17_planted_pickle_in_another_part_does_not_run(
    name: str, models: Path, current: Path, tmp_path: Path
) -> None:
    (current / name).write_bytes(pickle.dumps(Payload(tmp_path / "owned")))
    reseal(models, current)
    with pytest.raises(VersionDamaged):
        Registry(models).load()
    assert not (tmp_path / "owned").exists()


def test_fault_17_joblib_file_does_not_run(models: Path, current: Path, tmp_path: Path) -> None:
    target = tmp_path / "owned"
    joblib.dump(Payload(target), current / "classifier.skops")
    joblib.load(current / "classifier.skops")
    target.rmdir()  # the payload itself works
    reseal(models, current)
    with pytest.raises(VersionDamaged, match=r"classifier\.skops is refused"):
        Registry(models).load()
    assert not target.exists()


def edited(path: Path, change: Any) -> None:
    """Change the schema and the members of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    change(schema, members)
    members["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def node(loader: str, module: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"__loader__": loader, "__module__": module, "__class__": name, **fields}


def arguments(*values: str) -> dict[str, Any]:
    content = [
        node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)
        for value in values
    ]
    return node("TupleNode", "builtins", "tuple", content=content)


UNTRUSTED = {
    "builtins.eval": node("FunctionNode", "builtins", "eval"),
    "os.system": node("TypeNode", "os", "system"),
    "os.mkdir": node("ConstructorFromReduceNode", "os", "mkdir", content=arguments("owned")),
    "operator.methodcaller": node(
        "OperatorFuncNode", "operator", "methodcaller", attrs=arguments("mkdir")
    ),
    "pathlib.Path": node("ConstructorFromReduceNode", "pathlib", "Path", content=arguments("x")),
    "functools.partial": node("PartialNode", "functools", "partial", content={}),
    "subprocess.Popen": node("ObjectNode", "subprocess", "Popen", content=arguments()),
    "sklearn.linear_model._logistic.LogisticRegression": node(
        "ObjectNode", "sklearn.linear_model._logistic", "LogisticRegression", content=arguments()
    ),
    "builtins.set": node("SetNode", "builtins", "set", content=[]),
    "numpy.matrix": node("NdArrayNode", "numpy", "matrix", type="numpy", file="1.npy"),
    "collections.OrderedDict": node("DictNode", "collections", "OrderedDict", content={}),
}


@pytest.mark.parametrize("protocol", [0, 1, 2])
@pytest.mark.parametrize("name", UNTRUSTED)
def test_fault_17_untrusted_type_is_refused_and_named(
    name: str, protocol: int, models: Path, current: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(schema: dict[str, Any], members: dict[str, bytes]) -> None:
        planted = UNTRUSTED[name]
        if planted["__loader__"] == "DictNode":
            planted = planted | {"key_types": schema["content"]["key_types"]}
        schema["content"]["content"]["planted"] = planted
        schema["protocol"] = protocol

    def never(*args: object, **kwargs: object) -> Any:
        raise AssertionError("skops was called")

    edited(current / "classifier.skops", change)
    reseal(models, current)
    monkeypatch.setattr(skops.io, "loads", never)
    with pytest.raises(VersionDamaged) as caught:
        Registry(models).load()
    # An older protocol is refused before anything else.
    assert ("protocol" if protocol < 2 else name) in str(caught.value)


def test_fault_17_all_untrusted_types_are_named(models: Path, current: Path) -> None:
    edited(
        current / "classifier.skops",
        lambda schema, members: schema["content"]["content"].update(
            (name, UNTRUSTED[name]) for name in ("builtins.eval", "os.system")
        ),
    )
    reseal(models, current)
    with pytest.raises(VersionDamaged, match=r"builtins\.eval \(FunctionNode\), os\.system"):
        Registry(models).load()


def test_fault_17_skops_file_of_another_estimator_is_refused(models: Path, current: Path) -> None:
    # skops itself would load it: it trusts every scikit-learn estimator.
    data = skops.io.dumps(LogisticRegression())
    assert skops.io.loads(data)
    (current / "classifier.skops").write_bytes(data)
    reseal(models, current)
    with pytest.raises(VersionDamaged, match="LogisticRegression"):
        Registry(models).load()


def test_fault_17_pickle_inside_an_array_does_not_run(
    models: Path, current: Path, tmp_path: Path
) -> None:
    target = tmp_path / "owned"
    stream = io.BytesIO()
    np.save(stream, np.array([Payload(target)], dtype=object), allow_pickle=True)
    edited(
        current / "classifier.skops",
        lambda schema, members: members.update({"1.npy": stream.getvalue()}),
    )
    reseal(models, current)
    with pytest.raises(VersionDamaged, match="array"):
        Registry(models).load()
    assert not target.exists()


def test_fault_17_the_list_is_not_read_from_the_file(models: Path, current: Path) -> None:
    def change(table: dict[str, Any]) -> None:
        table["facts"]["trusted"] = ["builtins.eval"]
        table["facts"]["TRUSTED_TYPES"] = ["builtins.eval"]

    edited(
        current / "classifier.skops",
        lambda schema, members: schema["content"]["content"].update(
            x=node("TypeNode", "builtins", "eval")
        ),
    )
    table = json.loads((current / "manifest.json").read_bytes())
    change(table)
    (current / "manifest.json").write_bytes(canonical_json(table))
    reseal(models, current)
    with pytest.raises(VersionDamaged, match=r"builtins\.eval"):
        Registry(models).load()


def test_fault_17_no_module_can_unpickle() -> None:
    """No source imports pickle or its relatives, nor asks numpy, pandas or joblib to use it."""
    found = []
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "service").rglob("*.py")]
    assert len(sources) > 20
    for path in sources:
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(item, ast.Import):
                names = [alias.name for alias in item.names]
            elif isinstance(item, ast.ImportFrom):
                names = [f"{item.module}.{alias.name}" for alias in item.names]
            elif isinstance(item, ast.Attribute):
                names = [ast.unparse(item)]
            elif isinstance(item, ast.keyword) and item.arg == "allow_pickle":
                names = [] if ast.unparse(item.value) == "False" else ["allow_pickle"]
            else:
                continue
            found += [f"{path}: {name}" for name in names if _unpickles(name)]
    assert found == []


def _unpickles(name: str) -> bool:
    roots = ("pickle", "_pickle", "cloudpickle", "dill", "marshal", "shelve")
    calls = ("joblib.load", "pd.read_pickle", "pandas.read_pickle", "allow_pickle")
    return name.split(".")[0] in roots or name.endswith(calls)


def test_fault_17_loading_needs_no_pickle(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **kwargs: object) -> Any:
        raise AssertionError("something was unpickled")

    for name in ("load", "loads", "Unpickler", "_Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    monkeypatch.setattr(joblib, "load", never)
    assert Registry(models).load().classifier.score(["返品"]).logits.shape == (1, 3)


# Row 18: a SentencePiece model that its parser cannot take.


def test_fault_18_pieces_are_parsed_after_their_digest(
    models: Path, current: Path, nothing_parsed: None
) -> None:
    (current / "pieces.model").write_bytes(b"\x0a\xff\xff\xff\xff\x0f")
    with pytest.raises(VersionDamaged, match=r"pieces\.model"):
        Registry(models).load()


@pytest.mark.parametrize("data", [b"", b"no model at all", b"\x0a\xff\xff\xff\xff\x0f"])
def test_fault_18_resealed_nonsense_is_an_error_of_ours(
    data: bytes, models: Path, current: Path
) -> None:
    (current / "pieces.model").write_bytes(data)
    reseal(models, current)
    with pytest.raises(VersionDamaged, match="golden rows"):
        Registry(models).load()


def test_fault_18_pieces_of_another_model_fail_the_golden_rows(
    models: Path, ids: list[str], current: Path
) -> None:
    shutil.copy(models / "versions" / ids[1] / "pieces.model", current / "pieces.model")
    reseal(models, current)
    with pytest.raises(VersionDamaged, match="computes other numbers"):
        Registry(models).load()


# Row 8: the new version is broken.


@pytest.mark.parametrize("name", PARTS)
def test_fault_08_a_broken_version_is_not_promoted(
    name: str, models: Path, ids: list[str], current: Path
) -> None:
    own = Registry(models)
    serving = own.load().classifier
    pointer = (models / "current").read_bytes()
    journal = (models / "journal.jsonl").read_bytes()
    broken = models / "versions" / ids[1] / name
    broken.write_bytes(broken.read_bytes()[:-1])
    with pytest.raises(VersionDamaged):
        own.promote(ids[1])
    assert (models / "current").read_bytes() == pointer
    assert (models / "journal.jsonl").read_bytes() == journal
    assert own.load().manifest.digest == digest_file(current / "manifest.json")
    assert serving.score(["返品"]).logits.shape == (1, 3)
    assert {info.id: info.status for info in own.versions()} == {ids[0]: "ok", ids[1]: "damaged"}


def test_fault_08_a_loaded_version_outlives_its_directory(models: Path, current: Path) -> None:
    loaded = Registry(models).load(check_golden=False)
    shutil.rmtree(current)
    assert loaded.classifier.score(["返品"]).logits.shape == (1, 3)


# Row 9: two promotions at once; a pointer half written.


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"v-3f9a2c71",
        b"[]",
        b"\xff\xfe",
        b'{"version":"v-3f9a2c71"}',
        b'{"version":"../../etc","manifest":"sha256:' + b"0" * 64 + b'"}',
        b'{"version":["v-3f9a2c71"],"manifest":"sha256:' + b"0" * 64 + b'"}',
        b'{"version":"v-3f9a2c71","manifest":"md5:0"}',
        b"[" * 4_000,
        b" " * 1_000_000,
    ],
)
def test_fault_09_a_damaged_pointer_is_named_and_mended(
    data: bytes, models: Path, ids: list[str]
) -> None:
    own = Registry(models)
    (models / "current").write_bytes(data)
    for attempt in (own.load, own.current, own.rollback):
        with pytest.raises(VersionDamaged) as caught:
            attempt()
        assert str(models / "current") in str(caught.value)
        assert "plaint models promote" in str(caught.value)
    assert [info.current for info in own.versions()] == [False, False]
    own.promote(ids[1])
    assert own.load().manifest.digest == own.verify(ids[1]).digest


def test_fault_09_half_a_pointer_is_never_seen(models: Path, ids: list[str]) -> None:
    whole = (models / "current").read_bytes()
    for size in range(len(whole) - 1):
        (models / "current").write_bytes(whole[:size])
        with pytest.raises(VersionDamaged):
            Registry(models).current()


def test_fault_09_a_pointer_to_a_removed_version(models: Path, current: Path) -> None:
    shutil.rmtree(current)
    with pytest.raises(VersionNotFound, match="There are"):
        Registry(models).load()


def test_fault_09_promotions_at_once_all_stand_in_the_journal(models: Path, ids: list[str]) -> None:
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            start.wait(20)
            for turn in range(4):
                Registry(models).promote(ids[(number + turn) % 2], reason=f"{number}.{turn}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    lines = (models / "journal.jsonl").read_bytes().splitlines()
    entries = Registry(models).history()
    assert len(entries) == len(lines)
    serving = [entry for entry in entries if entry.action == "promote"]
    # Each line continues the one before: nobody promoted over a pointer that had changed.
    assert [entry.previous for entry in serving[1:]] == [entry.version for entry in serving[:-1]]
    current = Registry(models).current()
    assert current is not None
    assert current.version == serving[-1].version


def test_fault_09_a_dead_process_gives_its_lock_back(models: Path, ids: list[str]) -> None:
    code = (
        "import sys, pathlib; from plaint.model._lock import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    lock = models / ".lock"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert child.stdout is not None
    assert child.stdin is not None
    with child.stdin, child.stdout:
        assert child.stdout.readline().strip() == b"held"
        with pytest.raises(VersionError, match="locked"), exclusive(lock, wait_seconds=0):
            pytest.fail("two processes hold the lock")
        child.kill()
        child.wait(20)
    Registry(models).promote(ids[1])


# Row 20: names that lead elsewhere.

TRAVERSALS = [
    "",
    ".",
    "..",
    "../v-00000000",
    "../../etc/passwd",
    "..\\v-00000000",
    "%2e%2e",
    "%2e%2e%2fv-00000000",
    "..%2f..%2fetc",
    "v-00000000/..",
    "v-00000000/../../current",
    "v-00000000?x=..",
    "v-00000000#/..",
    "/etc/passwd",
    "//server/share",
    "\\\\server\\share",
    "C:\\Windows",
    "C:v-00000000",
    "v-00000000:stream",
    "v-00000000\0.json",
    "\0",
    "v-00000000\n",
    " v-00000000",
    "v-00000000.",
    "v-0000000",
    "v-000000000",
    "v-0000000g",
    "V-00000000",
    "v-ABCDEF00",
    "v-００００００００",
    "v-00000000-evil",
    "versions-evil",
    "con",
    "NUL",
    "nul.txt",
    "current",
    "draft-0123456789ab",
    "~",
    "$HOME",
    "v-" + "0" * 10_000,
]


@pytest.mark.parametrize("name", TRAVERSALS, ids=range(len(TRAVERSALS)))
def test_fault_20_a_name_that_leads_elsewhere_is_refused(name: str, models: Path) -> None:
    own = Registry(models)
    before = sorted(models.rglob("*"))
    for attempt in (own.load, own.verify, own.promote):
        with pytest.raises(UsageError) as caught:
            attempt(name)
        assert str(caught.value).isascii()
        assert len(str(caught.value)) < 400
    assert sorted(models.rglob("*")) == before


def test_fault_20_a_sibling_with_the_same_prefix_is_out_of_reach(
    models: Path, ids: list[str]
) -> None:
    outside = models / "versions-evil"
    shutil.copytree(models / "versions" / ids[0], outside / ids[0])
    shutil.rmtree(models / "versions" / ids[0])
    for name in (f"../versions-evil/{ids[0]}", f"-evil/{ids[0]}"):
        with pytest.raises(UsageError):
            Registry(models).load(name)


def test_fault_20_a_link_out_of_the_directory_is_refused(
    models: Path, ids: list[str], tmp_path: Path
) -> None:
    place = models / "versions" / ids[0]
    shutil.move(place, tmp_path / "outside")
    try:
        place.symlink_to(tmp_path / "outside", target_is_directory=True)
    except OSError:
        pytest.skip("this system lets nobody make links")
    own = Registry(models)
    with pytest.raises(UsageError, match="leads out"):
        own.load()
    assert own.versions()[0].status == "damaged"


@pytest.mark.parametrize("name", ["../card.md", "/etc/passwd", "a\\b", "nul", "", "x\0y"])
def test_fault_20_a_part_that_leads_elsewhere_is_refused(
    name: str, models: Path, current: Path, nothing_parsed: None
) -> None:
    table = json.loads((current / "manifest.json").read_bytes())
    table["parts"][name] = {"digest": "sha256:" + "0" * 64, "bytes": 0}
    (current / "manifest.json").write_bytes(canonical_json(table))
    with pytest.raises(VersionDamaged, match=r"manifest\.json is not as plaint wrote it"):
        bundle.load(current)


def test_fault_20_a_part_asked_for_by_the_archive_must_be_listed(
    models: Path, current: Path
) -> None:
    def change(schema: dict[str, Any], members: dict[str, bytes]) -> None:
        text = json.dumps(schema).replace("pieces.model", "../current")
        schema.clear()
        schema.update(json.loads(text))

    edited(current / "classifier.skops", change)
    reseal(models, current)
    with pytest.raises(VersionDamaged, match="asks for a part"):
        Registry(models).load()
