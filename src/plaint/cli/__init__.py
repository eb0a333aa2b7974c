"""The command line."""

from __future__ import annotations


def main() -> None:
    """Run the command that the arguments of the process name, and exit."""
    from plaint.cli.app import run

    run()
