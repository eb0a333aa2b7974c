from __future__ import annotations

from pathlib import Path

import pytest

from plaint.errors import InputError
from plaint.resources import data_path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    package = tmp_path / "src" / "plaint"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "data" / "corpus").mkdir(parents=True)
    (tmp_path / "data" / "corpus" / "ja.csv").write_text("checkout")
    return package


def test_the_shipped_files_are_found() -> None:
    assert data_path("taxonomy.toml").is_file()
    assert data_path("corpus", "ja.csv").is_file()
    assert data_path("phrases").is_dir()
    assert data_path() == data_path("corpus").parent


def test_a_checkout_uses_its_data_directory(checkout: Path) -> None:
    path = data_path("corpus", "ja.csv", package=checkout)
    assert path.read_text() == "checkout"


def test_an_installed_wheel_uses_the_copy_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "plaint"
    (package / "_data" / "corpus").mkdir(parents=True)
    (package / "_data" / "corpus" / "ja.csv").write_text("wheel")
    assert data_path("corpus", "ja.csv", package=package).read_text() == "wheel"


def test_the_wheel_copy_wins_over_a_checkout(checkout: Path) -> None:
    (checkout / "_data").mkdir()
    (checkout / "_data" / "taxonomy.toml").write_text("wheel")
    assert data_path("taxonomy.toml", package=checkout).read_text() == "wheel"


def test_a_strange_data_directory_beside_the_package_is_not_ours(tmp_path: Path) -> None:
    package = tmp_path / "python3.11" / "site-packages" / "plaint"
    package.mkdir(parents=True)
    (tmp_path / "python3.11" / "data").mkdir()
    (tmp_path / "python3.11" / "data" / "taxonomy.toml").write_text("foreign")
    with pytest.raises(InputError, match="Install plaint again"):
        data_path("taxonomy.toml", package=package)


def test_a_missing_part_is_named(checkout: Path) -> None:
    with pytest.raises(InputError, match=r"corpus/xx\.csv should come with plaint"):
        data_path("corpus", "xx.csv", package=checkout)
