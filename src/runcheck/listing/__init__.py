"""Units as a list that people and programs read: what a column is, which units are meant, and in which order."""
