"""Where the files that plaint ships are found."""

from __future__ import annotations

from pathlib import Path

from plaint.errors import InputError

_PACKAGE = Path(__file__).resolve().parent


def _root(package: Path) -> Path:
    installed = package / "_data"
    if installed.is_dir():
        return installed
    # Beside an installed package, ../../data could be anybody's; pyproject.toml marks ours.
    checkout = package.parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "data").is_dir():
        return checkout / "data"
    raise InputError(
        f"The files that come with plaint are missing: neither {installed} nor "
        f"{checkout / 'data'} is there. Install plaint again, or work in a complete checkout."
    )


def data_path(*parts: str, package: Path = _PACKAGE) -> Path:
    """Path of a shipped file or directory, in an installed wheel or in a checkout.

    Parameters
    ----------
    *parts : str
        Names below the data directory, such as ``"corpus", "ja.csv"``.
    package : Path
        Directory of the package; tests point it elsewhere.

    Raises
    ------
    InputError
        When the data directory or the named part of it is missing.
    """
    path = _root(package).joinpath(*parts)
    if not path.exists():
        raise InputError(
            f"{'/'.join(parts)} should come with plaint, but {path} is missing. "
            "Install plaint again, or work in a complete checkout."
        )
    return path
