"""RC5, the content of checkpoints: committed, whole, and what the metadata say."""
