from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the medium, which no test here can take away."""
    monkeypatch.setattr("plaint.files.os.fsync", lambda descriptor: None)
