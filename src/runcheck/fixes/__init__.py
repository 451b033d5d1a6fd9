"""What mends a tree where nothing need be guessed: finding -> edits -> the new tree, or the old one."""
