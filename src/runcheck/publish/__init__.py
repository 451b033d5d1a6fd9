"""Units on their way: to where they are kept for long, and back."""
