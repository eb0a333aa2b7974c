"""What data scientists do: train, measure, compare."""
