from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import plaint

ROOT = Path(__file__).resolve().parent.parent


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "plaint", "-V"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["plaint", plaint.__version__])
