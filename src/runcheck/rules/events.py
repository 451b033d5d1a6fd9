"""RC4, the event files of TensorBoard: framing, and the same series as the metrics."""
