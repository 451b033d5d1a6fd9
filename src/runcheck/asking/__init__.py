"""Asking: what a unit holds, how units differ, what they were made from. All from the files; nothing is written.

Each question is a function that returns named tuples; beside it a module turns them into text.
"""
