"""plaint reads customer complaints in Japanese, Korean and Chinese."""

__version__ = "0.1.0"
