"""What a team asks of its trees: found above them, held to its schema, and joined with the options of a command."""
