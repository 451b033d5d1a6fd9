"""Mutation testing: good trees of every kind, damaged in every way, and which clause found what."""
