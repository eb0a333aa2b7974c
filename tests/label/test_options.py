from __future__ import annotations

import dataclasses

import pytest

from plaint.errors import UsageError
from plaint.label.options import BatchOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prior", "wish"),
        ("max_reject_share", 1.5),
        ("max_reject_share", -0.1),
        ("max_reject_share", float("nan")),
        ("shard_rows", 0),
        ("shard_chars", 0),
        ("batch_rows", -1),
        ("sample_rows", 0),
    ],
)
def test_values_that_make_no_sense(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=name):
        BatchOptions(**{name: value})


def test_pinned_is_all_that_the_result_depends_on() -> None:
    names = {field.name for field in dataclasses.fields(BatchOptions)}
    assert names - set(BatchOptions().pinned()) == {"resume", "max_reject_share"}
