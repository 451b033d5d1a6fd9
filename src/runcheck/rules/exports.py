"""RC5, exports: the formats, and the tensors against the checkpoint."""
