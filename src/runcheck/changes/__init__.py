"""What changed in a repository, and which parts of which trees that touches."""
