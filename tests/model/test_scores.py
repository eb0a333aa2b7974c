from __future__ import annotations

import numpy as np
import pytest

from plaint.model.scores import Flag, Scores


@pytest.fixture
def scores() -> Scores:
    return Scores(
        np.arange(12, dtype=np.float32).reshape(4, 3),
        np.array([0, 1, 4, 2], dtype=np.uint8),
        np.array([0.9, 1.0, 0.0, 0.5], dtype=np.float32),
        np.array([0, Flag.CUT, Flag.EMPTY | Flag.OTHER_LANGUAGE, 0], dtype=np.uint16),
    )


def same(first: Scores, second: Scores) -> bool:
    ours, theirs = first.to_arrays(), second.to_arrays()
    return all(
        ours[name].dtype == theirs[name].dtype and np.array_equal(ours[name], theirs[name])
        for name in ours
    )


def test_length_is_the_number_of_messages(scores: Scores) -> None:
    assert len(scores) == 4
    assert len(scores.take([])) == 0


@pytest.mark.parametrize("indices", [[2, 0], np.array([2, 0]), slice(1, 3)])
def test_take_keeps_what_belongs_together(scores: Scores, indices: object) -> None:
    taken = scores.take(indices)  # type: ignore[arg-type]
    for name, values in taken.to_arrays().items():
        np.testing.assert_array_equal(values, scores.to_arrays()[name][indices])  # type: ignore[index]


def test_parts_in_a_row_are_the_whole(scores: Scores) -> None:
    parts = [scores.take(slice(0, 1)), scores.take(slice(1, 1)), scores.take(slice(1, 4))]
    assert same(Scores.concatenate(parts), scores)


def test_arrays_there_and_back(scores: Scores) -> None:
    arrays = scores.to_arrays()
    assert list(arrays) == ["logits", "language", "confidence", "flags"]
    assert same(Scores.from_arrays(arrays), scores)
    with pytest.raises(KeyError):
        Scores.from_arrays({"logits": scores.logits})


def test_flags_are_part_of_the_format() -> None:
    assert {flag.name: flag.value for flag in Flag} == {
        "EMPTY": 1,
        "OTHER_LANGUAGE": 2,
        "LANGUAGE_UNSURE": 4,
        "CUT": 8,
        "MOSTLY_UNKNOWN": 16,
    }
    assert max(Flag) < 1 << 16
