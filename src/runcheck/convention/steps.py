"""The steps of a run."""

MAX_STEP = 2**53 - 1
"""Up to here every reader of JSON holds each integer (RFC 8259, section 6)."""
