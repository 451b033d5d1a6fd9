"""What a process that died leaves: put in order, finished, or gone on with."""
