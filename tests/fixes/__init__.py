"""The fixes."""
