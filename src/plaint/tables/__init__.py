"""Rows in, rows out: CSV, TSV, JSON Lines, Parquet and Excel."""
