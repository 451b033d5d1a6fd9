"""RC9, texts: secrets, and what belongs to one machine."""
