from __future__ import annotations

import copy
import csv
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.errors import TaxonomyError
from plaint.resources import data_path
from plaint.taxonomy import MAX_TAXONOMY_BYTES, Taxonomy, load_taxonomy

Data = dict[str, Any]

SHIPPED = load_taxonomy()
CODE_PAGES = {
    "ja": "cp932",
    "ko": "cp949",
    "zh-Hans": "cp936",
    "zh-Hant": "cp950",
    "en": "ascii",
}


def label(identifier: str, **more: object) -> Data:
    texts = {"ja": identifier, "en": identifier}
    return {"id": identifier, "names": dict(texts), "descriptions": dict(texts), **more}


def small() -> Data:
    """Two levels, a gate and shares, in two languages."""
    return {
        "format": 1,
        "languages": ["ja", "en"],
        "task": [
            label("asked", gate="sure", label=[label("sure"), label("never")]),
            label(
                "colour",
                share_source="counted",
                label=[label("red", share=0.25), label("blue", share=0.75)],
            ),
            label(
                "shade",
                refines="colour",
                label=[
                    label("pink", parent="red"),
                    label("navy", parent="blue"),
                    label("sky", parent="blue"),
                ],
            ),
        ],
    }


def test_the_shipped_tasks_and_labels_are_those_of_the_label_guide() -> None:
    assert {task.id: task.label_ids for task in SHIPPED.tasks} == {
        "complaint": ("yes", "no"),
        "root_cause": ("service", "product", "customer"),
        "factor": (
            *("attitude", "delay", "repeat", "unreachable"),
            *("policy", "information", "fulfilment", "loss"),
            *("defect", "quality", "mismatch", "safety", "price"),
            *("misuse", "misread", "mind", "excess"),
        ),
        "emotional_state": ("angry", "assertive", "disappointed", "hesitant", "calm"),
        "demand": ("remedy", "refund", "answer", "improvement", "none"),
        "escalation": ("none", "leave", "public"),
    }
    assert SHIPPED.task_ids[0] == "complaint"
    assert SHIPPED.format == 1


def test_the_shipped_structure() -> None:
    gate = SHIPPED.gate_task
    assert gate is not None
    assert (gate.id, gate.gate) == ("complaint", "yes")
    assert SHIPPED.task("factor").refines == "root_cause"
    assert SHIPPED.benchmark("root_cause") == {"service": 0.68, "product": 0.14, "customer": 0.18}
    assert "American quality society" in (SHIPPED.task("root_cause").share_source or "")
    others = [task for task in SHIPPED.task_ids if task != "root_cause"]
    assert [SHIPPED.benchmark(task) for task in others] == [None] * 5


def test_factors_stand_under_the_root_causes_of_the_label_guide() -> None:
    children = SHIPPED.children("factor")
    assert list(children) == ["service", "product", "customer"]
    assert children["product"] == ("defect", "quality", "mismatch", "safety", "price")
    assert [len(labels) for labels in children.values()] == [8, 5, 4]
    assert SHIPPED.children("demand") == {}
    assert [task.id for task in SHIPPED.refinements("root_cause")] == ["factor"]
    assert SHIPPED.refinements("factor") == ()


def test_every_value_in_the_corpus_and_the_phrases_is_known() -> None:
    for name in ("ja", "ko", "zh"):
        with data_path("corpus", f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                for task in SHIPPED.tasks:
                    if row[task.id]:
                        task.index(row[task.id])
                if row["factor"]:
                    factor = SHIPPED.task("factor").label(row["factor"])
                    assert factor.parent == row["root_cause"], row["id"]
        with data_path("phrases", f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                *parents, leaf = row["label"].split("/")
                found = SHIPPED.task(row["task"]).label(leaf)
                assert parents == ([found.parent] if found.parent else []), row["id"]


@pytest.mark.parametrize("language", SHIPPED.languages)
def test_every_name_prints_on_an_office_console_of_its_language(language: str) -> None:
    for task in SHIPPED.tasks:
        for entry in (task, *task.labels):
            for text in (entry.names[language], entry.descriptions[language]):
                text.encode(CODE_PAGES[language])
            assert len(entry.names[language]) <= 20
            assert len(entry.descriptions[language]) <= 110


@pytest.mark.parametrize("language", SHIPPED.languages)
def test_no_two_labels_of_a_task_share_a_name(language: str) -> None:
    for task in SHIPPED.tasks:
        names = [entry.names[language] for entry in task.labels]
        assert len(set(names)) == len(names)
        descriptions = [entry.descriptions[language] for entry in task.labels]
        assert len(set(descriptions)) == len(descriptions)


def test_traditional_and_simplified_are_not_copies_of_each_other() -> None:
    # Characters that exist in one script only; a slip of the keyboard would leave them behind.
    simplified_only = set("务产顾满诉该质价务错联说货复过还发会为应账运险误责对没与从个们时问")
    traditional_only = set("務產顧滿訴該質價務錯聯說貨復過還發會為應帳運險誤責對沒與從個們時問")
    for task in SHIPPED.tasks:
        for entry in (task, *task.labels):
            hans = entry.names["zh-Hans"] + entry.descriptions["zh-Hans"]
            hant = entry.names["zh-Hant"] + entry.descriptions["zh-Hant"]
            assert not (set(hant) & (simplified_only - traditional_only)), hant
            assert not (set(hans) & (traditional_only - simplified_only)), hans


def test_a_lookup_of_nothing_known_lists_what_is_known() -> None:
    with pytest.raises(TaxonomyError, match=r"'shades'; known are .*shade.*mean 'shade'\?"):
        Taxonomy.from_dict(small()).task("shades")
    with pytest.raises(TaxonomyError, match=r"Task 'colour' has no label 'green'; known are red, "):
        Taxonomy.from_dict(small()).task("colour").index("green")
    for lookup in (SHIPPED.benchmark, SHIPPED.children, SHIPPED.refinements):
        with pytest.raises(TaxonomyError, match="There is no task 'nothing'"):
            lookup("nothing")


def test_labels_have_their_place_in_the_order_of_the_file() -> None:
    colour = Taxonomy.from_dict(small()).task("colour")
    assert [colour.index(identifier) for identifier in colour.label_ids] == [0, 1]
    assert colour.label("blue").share == 0.75


def test_it_survives_json_and_pickling() -> None:
    carried = Taxonomy.from_dict(json.loads(json.dumps(SHIPPED.to_dict())))
    assert carried == SHIPPED
    assert carried.digest == SHIPPED.digest
    assert pickle.loads(pickle.dumps(SHIPPED)) == SHIPPED
    assert len({hash(SHIPPED), hash(carried)}) == 1


def test_the_dict_is_the_users_own_copy() -> None:
    data = SHIPPED.to_dict()
    data["task"][0]["names"]["ja"] = "x"
    assert SHIPPED.to_dict() != data


def test_the_digest_follows_the_content_and_not_the_layout(tmp_path: Path) -> None:
    first = Taxonomy.from_dict(small())
    assert first.digest.startswith("sha256:")
    assert len(first.digest) == 71
    shuffled = {key: small()[key] for key in reversed(list(small()))}
    assert Taxonomy.from_dict(shuffled).digest == first.digest
    reordered = small()
    reordered["task"][1]["label"].reverse()
    assert Taxonomy.from_dict(reordered).digest != first.digest
    renamed = small()
    renamed["task"][1]["names"]["ja"] = "x"
    assert Taxonomy.from_dict(renamed).digest != first.digest
    windows = tmp_path / "windows.toml"
    content = data_path("taxonomy.toml").read_text(encoding="utf-8")
    windows.write_bytes(content.replace("\n", "\r\n").encode("utf-8-sig"))
    assert load_taxonomy(windows).digest == SHIPPED.digest


def test_a_task_and_a_label_are_added_by_data_alone(tmp_path: Path) -> None:
    names = "\n".join(
        f'{key}.{language} = "x"'
        for key in ("names", "descriptions")
        for language in SHIPPED.languages
    )
    addition = "".join(
        f'\n[[task.label]]\nid = "{identifier}"\n{names}\n' for identifier in ("late", "early")
    )
    path = tmp_path / "own.toml"
    content = data_path("taxonomy.toml").read_text(encoding="utf-8")
    # The shipped file ends inside its last task, so the first addition is a label of that.
    last = SHIPPED.tasks[-1]
    path.write_text(
        f'{content}\n[[task.label]]\nid = "sue"\n{names}\n'
        f'\n[[task]]\nid = "hour"\n{names}\n{addition}',
        encoding="utf-8",
    )
    own = load_taxonomy(path)
    assert own.task(last.id).label_ids == (*last.label_ids, "sue")
    assert own.task_ids == (*SHIPPED.task_ids, "hour")
    assert own.task("hour").label_ids == ("late", "early")
    assert own.tasks[:-2] == SHIPPED.tasks[:-1]


def _task(data: Data, position: int) -> Data:
    return data["task"][position]


def _label(data: Data, task: int, position: int) -> Data:
    return data["task"][task]["label"][position]


FAULTS: dict[str, tuple[Callable[[Data], object], str]] = {
    "another format": (lambda d: d.update(format=2), "format is 2, but this plaint reads format 1"),
    "format as truth": (lambda d: d.update(format=True), "format is True"),
    "no format": (lambda d: d.pop("format"), "format is None"),
    "no languages": (lambda d: d.pop("languages"), "languages must be a list"),
    "a language twice": (lambda d: d.update(languages=["ja", "ja"]), "different language codes"),
    "no task": (lambda d: d.update(task=[]), r"at least one \[\[task\]\]"),
    "tasks as table": (lambda d: d.update(task={}), r"at least one \[\[task\]\]"),
    "stray key at top": (lambda d: d.update(tasks=[]), "the top level: unknown key 'tasks'"),
    "stray key in task": (lambda d: _task(d, 0).update(gates="x"), "'asked': unknown key 'gates'"),
    "stray key in label": (
        lambda d: _label(d, 1, 0).update(parnt="x"),
        "task 'colour', label 'red': unknown key 'parnt'",
    ),
    "stray language": (
        lambda d: _label(d, 1, 0)["names"].update(fr="x"),
        "task 'colour', label 'red', names: unknown key 'fr'",
    ),
    "task twice": (lambda d: d["task"].append(_task(small(), 1)), "task 'colour': this id stands"),
    "label twice": (
        lambda d: _task(d, 0)["label"].append(label("sure")),
        "task 'asked', label 'sure': this id stands twice",
    ),
    "task id": (lambda d: _task(d, 1).update(id="Colour"), r"id must match .* found 'Colour'"),
    "task id with newline": (lambda d: _task(d, 0).update(id="a\n"), "id must match"),
    "label id": (lambda d: _label(d, 1, 0).update(id="dark/red"), "label 'dark/red': id must"),
    "id of a list": (lambda d: _label(d, 1, 0).update(id=["red"]), "id must match"),
    "no id": (lambda d: _label(d, 1, 1).pop("id"), "task 'colour', label 'number 2': id must"),
    "reserved id": (lambda d: _task(d, 0).update(id="text"), "task 'text': .* another column"),
    "no names": (lambda d: _label(d, 1, 0).pop("names"), "label 'red': names are missing"),
    "missing name": (
        lambda d: _label(d, 1, 0)["names"].pop("ja"),
        r"task 'colour', label 'red': names\.ja is missing",
    ),
    "missing task description": (
        lambda d: _task(d, 1)["descriptions"].pop("en"),
        r"task 'colour': descriptions\.en is missing",
    ),
    "empty name": (lambda d: _task(d, 1)["names"].update(en=" "), r"names\.en must be one line"),
    "two lines": (lambda d: _task(d, 1)["names"].update(en="a\nb"), r"names\.en must be one line"),
    "surrogate": (lambda d: _task(d, 1)["names"].update(en="\ud800"), r"names\.en must be one"),
    "number as name": (lambda d: _task(d, 1)["names"].update(en=1), r"names\.en must be one line"),
    "no labels": (lambda d: _task(d, 1).pop("label"), r"'colour': it must hold at least two"),
    "one label": (lambda d: _task(d, 0)["label"].pop(), "'asked': it must hold at least two"),
    "unknown gate": (lambda d: _task(d, 0).update(gate="maybe"), "'asked': gate names 'maybe'"),
    "gate no id": (lambda d: _task(d, 0).update(gate=["sure"]), "'asked': gate must be an id"),
    "two gates": (lambda d: _task(d, 1).update(gate="red"), "only one task may have a gate"),
    "gate refines": (
        lambda d: (_task(d, 0).pop("gate"), _task(d, 2).update(gate="sky")),
        "'shade': a task with a gate cannot refine another",
    ),
    "refines nothing": (lambda d: _task(d, 2).update(refines="hue"), "'shade': refines 'hue'"),
    "refines itself": (
        lambda d: _task(d, 2).update(refines="shade"),
        "'shade': refines goes in a circle: shade -> shade",
    ),
    "circle": (
        lambda d: _task(d, 1).update(refines="shade"),
        "circle: colour -> shade -> colour",
    ),
    "no parent": (lambda d: _label(d, 2, 1).pop("parent"), "'shade', label 'navy': parent is miss"),
    "unknown parent": (
        lambda d: _label(d, 2, 2).update(parent="green"),
        "task 'shade', label 'sky': parent 'green' is no label of 'colour'",
    ),
    "parent no id": (lambda d: _label(d, 2, 2).update(parent={}), "'sky': parent must be an id"),
    "parent of nothing": (
        lambda d: _label(d, 1, 0).update(parent="sure"),
        "task 'colour', label 'red': has a parent, but the task refines no other",
    ),
    "childless": (lambda d: _task(d, 2)["label"].pop(0), "'shade': no label has the parent 'red'"),
    "shares of more": (lambda d: _label(d, 1, 0).update(share=0.5), "shares sum to 1.25"),
    "share missing": (
        lambda d: _label(d, 1, 1).pop("share"),
        "task 'colour', label 'blue': share is missing",
    ),
    "share negative": (lambda d: _label(d, 1, 0).update(share=-0.5), "'red': share must be"),
    "share zero": (lambda d: _label(d, 1, 0).update(share=0), "'red': share must be above 0"),
    "share nan": (lambda d: _label(d, 1, 0).update(share=float("nan")), "'red': share must be"),
    "share text": (lambda d: _label(d, 1, 0).update(share="0.25"), "'red': share must be"),
    "share truth": (lambda d: _label(d, 1, 0).update(share=True), "'red': share must be"),
    "share without source": (lambda d: _task(d, 1).pop("share_source"), "say where they come from"),
    "source without share": (
        lambda d: _task(d, 0).update(share_source="guess"),
        "'asked': share_source is given, but no label has a share",
    ),
}


def test_the_small_taxonomy_is_sound() -> None:
    assert Taxonomy.from_dict(small()).children("shade") == {
        "red": ("pink",),
        "blue": ("navy", "sky"),
    }


@pytest.mark.parametrize("name", FAULTS)
def test_a_contradiction_is_named_with_its_place(name: str) -> None:
    spoil, message = FAULTS[name]
    data = small()
    spoil(data)
    with pytest.raises(TaxonomyError, match=message) as caught:
        Taxonomy.from_dict(data, source="own.toml")
    assert str(caught.value).startswith("own.toml: ")


def test_all_problems_are_told_at_once_up_to_a_bound() -> None:
    data = small()
    for task in data["task"]:
        for entry in task["label"]:
            entry["names"].pop("ja")
            entry["descriptions"] = {}
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_dict(data)
    assert str(caught.value).count("names.ja is missing") == 7
    assert "and 1 more" in str(caught.value)


def test_from_dict_refuses_what_is_no_table() -> None:
    with pytest.raises(TaxonomyError, match="it must be a table"):
        Taxonomy.from_dict(["task"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"format = ", "is no TOML file in UTF-8"),
        ("names = 'サービス'".encode("cp932"), "is no TOML file in UTF-8"),
        (b"x = " + b"[" * 100_000, "is no TOML file in UTF-8"),
        (b"#" * (MAX_TAXONOMY_BYTES + 1), "is larger than"),
        (b"", "format is None"),
    ],
    ids=["broken", "cp932", "deep", "large", "empty"],
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(TaxonomyError, match=message) as caught:
        load_taxonomy(path)
    assert "own.toml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"absent\.toml cannot be read \(No such file"):
        load_taxonomy(tmp_path / "absent.toml")
    with pytest.raises(TaxonomyError, match="cannot be read"):
        load_taxonomy(tmp_path)


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(place for key, inner in items for place in _places(inner, (*path, key)))]


PLACES = [place for place in _places(small()) if place]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JUNK = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(place=st.sampled_from(PLACES), junk=JUNK)
def test_junk_anywhere_is_either_refused_or_a_sound_taxonomy(
    place: tuple[Any, ...], junk: object
) -> None:
    data = copy.deepcopy(small())
    inner: Any = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = junk
    try:
        taxonomy = Taxonomy.from_dict(data)
    except TaxonomyError:
        return
    assert Taxonomy.from_dict(taxonomy.to_dict()) == taxonomy
    assert taxonomy.digest
