from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from tests.model import tiny
from tests.model.tiny import FACTS, GOLDEN, TEXTS, TinyClassifier

from plaint.errors import (
    UsageError,
    VersionDamaged,
    VersionError,
    VersionIncompatible,
    VersionNotFound,
)
from plaint.files import canonical_json, digest_file
from plaint.model import _archive, _manifest, bundle
from plaint.model._packing import Strings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _trust_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "TRUSTED_TYPES", tiny.TRUSTED)


@pytest.fixture(scope="module")
def fitted() -> TinyClassifier:
    return TinyClassifier().fit(TEXTS)


@pytest.fixture
def version(fitted: TinyClassifier, tmp_path: Path) -> Path:
    place = tmp_path / "version"
    bundle.save(fitted, place, facts=FACTS, golden=GOLDEN, extras={"card.md": b"# Card\n"})
    return place


def rewrite(version: Path, change: Any) -> None:
    """Change the manifest's table, in the form in which plaint writes it."""
    table = json.loads((version / "manifest.json").read_bytes())
    change(table)
    (version / "manifest.json").write_bytes(canonical_json(table))


def digests(version: Path) -> dict[str, str]:
    return {path.name: digest_file(path) for path in sorted(version.iterdir())}


def test_a_loaded_classifier_is_the_saved_one(fitted: TinyClassifier, version: Path) -> None:
    loaded = bundle.load(version)
    found = loaded.classifier
    assert type(found) is TinyClassifier
    assert found.get_params() == fitted.get_params()
    assert found.taxonomy == fitted.taxonomy == loaded.taxonomy.to_dict()
    assert found.tokenizer_.model_ == fitted.tokenizer_.model_
    assert found.limits_ == fitted.limits_
    assert list(found.thresholds_) == [1]
    for family, model in fitted.models_.items():
        other = found.models_[family]
        for name in ("hashes_", "idf_", "names_"):
            mine, theirs = getattr(model.vectorizer, name), getattr(other.vectorizer, name)
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)
        assert other.outputs == model.outputs
        assert type(other.temperature) is np.float64
        # Held once, as before: not a copy for every language.
        assert other.vectorizer.tokenizer_ is found.tokenizer_
    np.testing.assert_array_equal(found.score(TEXTS).logits, fitted.score(TEXTS).logits)


def test_saving_does_not_change_the_classifier(fitted: TinyClassifier, tmp_path: Path) -> None:
    before = {name: id(value) for name, value in vars(fitted).items()}
    bundle.save(fitted, tmp_path / "v", facts={})
    assert {name: id(value) for name, value in vars(fitted).items()} == before
    assert isinstance(fitted.tokenizer_.model_, bytes)


def test_a_version_loads_in_well_under_a_second(version: Path) -> None:
    bundle.load(version)  # the first one imports skops
    start = time.perf_counter()
    bundle.load(version)
    assert time.perf_counter() - start < 1


def test_saving_a_loaded_version_gives_the_same_bytes(version: Path, tmp_path: Path) -> None:
    loaded = bundle.load(version).classifier
    again = tmp_path / "again"
    bundle.save(loaded, again, facts=FACTS, golden=GOLDEN, extras={"card.md": b"# Card\n"})
    assert digests(again) == digests(version)


def test_equal_strings_may_be_one_object_or_two(tmp_path: Path) -> None:
    found = []
    for number, names in enumerate([["one name"] * 2, ["".join(["one ", "name"]) for _ in "ab"]]):
        classifier = TinyClassifier().fit(TEXTS)
        classifier.a_names_, classifier.others_ = names, [0.5, {"x": [1]}, ("y",)]
        found.append(bundle.save(classifier, tmp_path / str(number), facts=FACTS).digest)
        loaded = bundle.load(tmp_path / str(number)).classifier
        found.append(bundle.save(loaded, tmp_path / f"{number}-again", facts=FACTS).digest)
    assert len(set(found)) == 1


def test_two_processes_write_identical_versions(tmp_path: Path) -> None:
    code = "import sys; from tests.model import tiny; sys.stdout.write(tiny.write(sys.argv[1]))"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / seed)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"src{os.pathsep}."},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "77")
    ]
    printed = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert printed[0] == printed[1] == digest_file(tmp_path / "1" / "manifest.json")
    assert digests(tmp_path / "1") == digests(tmp_path / "77")
    assert len(digests(tmp_path / "1")) == 5


def test_another_fit_gives_another_version(tmp_path: Path) -> None:
    one = bundle.save(TinyClassifier().fit(TEXTS), tmp_path / "1", facts=FACTS)
    two = bundle.save(TinyClassifier().fit(TEXTS, seed=1), tmp_path / "2", facts=FACTS)
    assert one.digest != two.digest
    assert one.parts["pieces.model"] == two.parts["pieces.model"]


def test_the_archive_has_no_time_no_address_and_nothing_compressed(version: Path) -> None:
    with zipfile.ZipFile(version / "classifier.skops") as archive:
        names = [entry.filename for entry in archive.infolist()]
        assert names == ["schema.json", *(f"{number + 1}.npy" for number in range(len(names) - 1))]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        schema = archive.read("schema.json").decode()
    assert fitted_pieces(version) not in (version / "classifier.skops").read_bytes()
    assert '"protocol"' in schema
    assert "_skops_version" not in schema


def fitted_pieces(version: Path) -> bytes:
    return (version / "pieces.model").read_bytes()


def test_manifest_holds_what_the_design_names(version: Path, fitted: TinyClassifier) -> None:
    table = json.loads((version / "manifest.json").read_bytes())
    assert table["format"] == 1
    assert {"python", "scikit-learn", "numpy", "sentencepiece"} <= set(table["libraries"])
    assert set(table["parts"]) == {
        "card.md",
        "classifier.skops",
        "pieces.model",
        "taxonomy.json",
    }
    assert table["taxonomy"] == bundle.load(version).taxonomy.digest
    assert table["facts"] == FACTS
    assert table["golden"]["texts"] == list(GOLDEN)
    expected = fitted.score(GOLDEN).logits
    np.testing.assert_allclose(table["golden"]["logits"], expected, atol=1e-6)


def test_the_expected_digest_is_compared(version: Path) -> None:
    digest = digest_file(version / "manifest.json")
    assert bundle.load(version, expected_digest=digest).manifest.digest == digest
    with pytest.raises(VersionDamaged, match=r"manifest\.json is another one"):
        bundle.load(version, expected_digest="sha256:" + "0" * 64)


def test_a_missing_directory_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(VersionNotFound, match="plaint models list"):
        bundle.load(tmp_path / "nowhere")


def test_a_directory_in_use_is_left_alone(fitted: TinyClassifier, version: Path) -> None:
    before = digests(version)
    with pytest.raises(UsageError, match="not empty"):
        bundle.save(fitted, version, facts={})
    assert digests(version) == before


@pytest.mark.parametrize("name", ["../x", "a/b", "Manifest.JSON", "PIECES.model", "nul", ""])
def test_a_bad_name_of_an_extra_file_is_refused(
    name: str, fitted: TinyClassifier, tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        bundle.save(fitted, tmp_path / "v", facts={}, extras={name: b""})
    assert list((tmp_path / "v").iterdir()) == []


@pytest.mark.parametrize(
    "facts", [{"a": float("nan")}, {"a": {1, 2}}, {"a": np.float32(1)}, {"a": {2: 0, 10: 0}}]
)
def test_facts_that_json_would_change_are_refused(
    facts: dict[str, Any], fitted: TinyClassifier, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="JSON"):
        bundle.save(fitted, tmp_path / "v", facts=facts)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (LogisticRegression(), "LogisticRegression"),
        (np.array([{}, "a"], dtype=object), "fields"),
        ({1, 2}, "SetNode"),
        (len, "builtins.len"),
        (np.random.RandomState(0), "RandomState"),
        (Path("x"), "Path"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(value: Any, named: str, tmp_path: Path) -> None:
    classifier = TinyClassifier().fit(TEXTS)
    classifier.more_ = value
    with pytest.raises(VersionError, match=named):
        bundle.save(classifier, tmp_path / "v", facts={})
    assert list((tmp_path / "v").iterdir()) == []


def test_the_list_of_types_is_short_and_ours() -> None:
    # Read from the file: the fixture of this module extends the constant.
    source = (ROOT / "src/plaint/model/bundle.py").read_text(encoding="utf-8")
    block = source.partition("TRUSTED_TYPES: tuple[str, ...] = (")[2].partition(")")[0]
    names = [line.strip(' ",') for line in block.splitlines() if line.strip()]
    assert names == sorted(names)
    assert all(name.startswith("plaint.model.") for name in names)
    for name in names:
        module, _, kind = name.rpartition(".")
        assert isinstance(getattr(importlib.import_module(module), kind), type)


def test_another_scikit_learn_is_incompatible(version: Path) -> None:
    rewrite(version, lambda table: table["libraries"].update({"scikit-learn": "1.2.9"}))
    with pytest.raises(VersionIncompatible) as caught:
        bundle.load(version)
    message = str(caught.value)
    assert "scikit-learn 1.2.9 (wanted 1.2.*, found " in message
    assert "plaint train" in message


def test_a_later_sentencepiece_is_incompatible(version: Path) -> None:
    rewrite(version, lambda table: table["libraries"].update({"sentencepiece": "99.10.0"}))
    with pytest.raises(VersionIncompatible, match=r"sentencepiece 99\.10\.0 \(wanted 99"):
        bundle.load(version)


def test_other_software_that_does_not_matter_is_accepted(version: Path) -> None:
    def change(table: dict[str, Any]) -> None:
        patch = table["libraries"]["scikit-learn"].rsplit(".", 1)[0] + ".999"
        table["libraries"].update(
            {"python": "3.99.0", "numpy": "3.0.0", "sentencepiece": "0.1.0", "scikit-learn": patch}
        )

    rewrite(version, change)
    assert bundle.load(version).classifier


def test_a_later_format_says_update(version: Path) -> None:
    rewrite(version, lambda table: table.update(format=2, parts=[]))
    with pytest.raises(VersionIncompatible, match="format 2"):
        bundle.load(version)


@pytest.mark.parametrize("number", [0, -1, True, None, "1", 1.0])
def test_a_format_that_never_was_is_damage(number: Any, version: Path) -> None:
    rewrite(version, lambda table: table.update(format=number))
    with pytest.raises(VersionDamaged, match=r"manifest\.json"):
        bundle.load(version)


def test_golden_rows_are_scored(version: Path) -> None:
    def shift(table: dict[str, Any]) -> None:
        table["golden"]["logits"][1][2] += 2e-4

    rewrite(version, shift)
    with pytest.raises(VersionDamaged, match="computes other numbers"):
        bundle.load(version)
    assert bundle.load(version, check_golden=False).classifier


def test_golden_rows_may_differ_in_the_last_digits(version: Path) -> None:
    def shift(table: dict[str, Any]) -> None:
        table["golden"]["logits"][1][2] += 5e-5

    rewrite(version, shift)
    assert bundle.load(version).classifier


def test_golden_rows_of_another_shape_do_not_agree(version: Path) -> None:
    def cut(table: dict[str, Any]) -> None:
        table["golden"]["logits"] = [row[:2] for row in table["golden"]["logits"]]

    rewrite(version, cut)
    with pytest.raises(VersionDamaged, match="computes other numbers"):
        bundle.load(version)


def test_golden_numbers_that_are_not_finite() -> None:
    golden = _manifest.Golden.of(["a"], np.array([[1.0, -np.inf, np.nan]]))
    assert golden.logits == ((1.0, None, None),)
    assert golden.agrees(np.array([[1.00005, -np.inf, np.nan]]))
    assert not golden.agrees(np.array([[1.0, 0.0, np.nan]]))
    assert not golden.agrees(np.array([[np.nan, -np.inf, np.nan]]))


def test_litter_of_file_managers_does_not_matter(version: Path) -> None:
    (version / ".DS_Store").write_bytes(b"x")
    (version / "Thumbs.db").write_bytes(b"x")
    assert bundle.load(version).classifier


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.binary(max_size=300))
def test_any_bytes_as_a_manifest_are_refused(data: bytes) -> None:
    with pytest.raises((VersionDamaged, VersionIncompatible)):
        _manifest.Manifest.from_bytes(data, "manifest.json")


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.data())
def test_any_json_as_a_manifest_is_refused_or_read(data: st.DataObject) -> None:
    record = _manifest.PartRecord("sha256:" + "0" * 64, 1)
    good = _manifest.Manifest({"a": record}, record.digest, {"numpy": "2.0"}, {"seed": 1})
    table = json.loads(good.to_bytes())
    key = data.draw(st.sampled_from([*table, "more"]))
    table[key] = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
            max_leaves=5,
        )
    )
    record_bytes = canonical_json(table)
    try:
        found = _manifest.Manifest.from_bytes(record_bytes, "manifest.json")
    except (VersionDamaged, VersionIncompatible):
        return
    assert found.to_bytes() == record_bytes


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"format": ' + "9" * 5_000 + "}", '{"format": NaN}', '"\\ud800"', ""]
)
def test_hostile_json_as_a_manifest_is_damage(text: str) -> None:
    with pytest.raises(VersionDamaged):
        _manifest.Manifest.from_bytes(text.encode(), "manifest.json")


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.text(alphabet=st.characters(), max_size=6), max_size=8))
def test_strings_come_back(values: list[str]) -> None:
    found = Strings.pack(values).unpack()
    assert found.dtype == object
    assert found.tolist() == values


def test_strings_with_other_lengths_are_refused() -> None:
    packed = Strings.pack(["ab", "c"])
    with pytest.raises(_archive.RefusedError):
        Strings(packed.data, packed.lengths[:1]).unpack()


def changed(data: bytes, change: Any, *, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return an archive whose schema and members were changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    change(schema, members)
    members["schema.json"] = json.dumps(schema).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def first_array(members: dict[str, bytes], content: bytes) -> None:
    members["1.npy"] = content


def npy(array: np.ndarray[Any, Any]) -> bytes:
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


def huge_array() -> bytes:
    target = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        target, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
    )
    return target.getvalue()


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": "1",
        "is_json": True,
    }
    for _ in range(depth):
        node = {
            "__class__": "list",
            "__module__": "builtins",
            "__loader__": "ListNode",
            "content": [node],
        }
    return node


@pytest.mark.parametrize(
    "change",
    [
        lambda schema, members: schema.update(protocol=1),
        lambda schema, members: schema.update(protocol=True),
        lambda schema, members: schema.update(protocol=10**6),
        lambda schema, members: schema.pop("content"),
        lambda schema, members: schema.update(content=None),
        lambda schema, members: schema.update(more=1),
        lambda schema, members: schema.update(__loader__="ListNode"),
        lambda schema, members: schema.update(__loader__=["ObjectNode"]),
        lambda schema, members: schema.update(__class__="Nothing"),
        lambda schema, members: schema["content"].update(key_types={}),
        lambda schema, members: schema["content"]["content"].update(x=nested(450)),
        lambda schema, members: schema["content"]["content"].update(x=3),
        lambda schema, members: members.pop("1.npy"),
        lambda schema, members: members.update({"more.npy": b""}),
        lambda schema, members: members.update({"schema.json": b"[]"}) or schema.clear(),
        lambda schema, members: first_array(members, huge_array()),
        lambda schema, members: first_array(members, npy(np.zeros(3))[:-1]),
        lambda schema, members: first_array(members, npy(np.zeros(2, dtype="i4,f4"))),
        lambda schema, members: first_array(members, b""),
    ],
)
def test_an_archive_that_plaint_does_not_write_is_refused(change: Any, version: Path) -> None:
    data = (version / "classifier.skops").read_bytes()
    trusted = bundle._allowed()
    assert _archive.loads(changed(data, lambda schema, members: None), trusted)
    with pytest.raises(_archive.RefusedError):
        _archive.loads(changed(data, change), trusted)


def test_a_compressed_archive_is_refused(version: Path) -> None:
    data = (version / "classifier.skops").read_bytes()
    packed = changed(data, lambda schema, members: None, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(_archive.RefusedError, match="compressed"):
        _archive.loads(packed, bundle._allowed())


def test_an_archive_with_two_members_of_one_name_is_refused(version: Path) -> None:
    target = io.BytesIO((version / "classifier.skops").read_bytes())
    with (
        zipfile.ZipFile(target, "a") as archive,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        archive.writestr("schema.json", b"{}")
    with pytest.raises(_archive.RefusedError, match="one name"):
        _archive.loads(target.getvalue(), bundle._allowed())


def test_another_root_than_a_classifier_is_refused(version: Path) -> None:
    data = _archive.dumps(Strings.pack(["a"]), bundle._allowed())
    (version / "classifier.skops").write_bytes(data)

    def reseal(table: dict[str, Any]) -> None:
        digest = digest_file(version / "classifier.skops")
        table["parts"]["classifier.skops"] = {"digest": digest, "bytes": len(data)}

    rewrite(version, reseal)
    with pytest.raises(VersionDamaged, match="in place of a classifier"):
        bundle.load(version)
