"""The writer: the same files that the rules read, named by the same convention.

It runs on the standard library; what a format needs beyond that is imported where the format is written.
"""
