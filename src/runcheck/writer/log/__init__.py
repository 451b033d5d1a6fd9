"""``metrics.jsonl`` as it grows: rows at once or as a device computes them, the rest behind it."""
