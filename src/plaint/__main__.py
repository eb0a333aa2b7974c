"""Makes ``python -m plaint`` the same as ``plaint``."""

from plaint.cli import main

if __name__ == "__main__":
    main()
