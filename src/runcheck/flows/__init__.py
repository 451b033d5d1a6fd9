"""Flows: the commands of a team as steps that are tried again, and passed over if nothing changed."""
