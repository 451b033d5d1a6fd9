"""RC9: what Git tracks, and how."""
