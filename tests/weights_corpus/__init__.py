"""Texts that hold weights, and texts that do not, to judge RC901 by: ``python -m tests.weights_corpus``."""
