"""Estimators: tokeniser, features, classifier, priors, explanation. Nothing here knows a disk."""
