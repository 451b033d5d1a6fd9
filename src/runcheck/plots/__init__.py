"""Plots: the curves of runs as images, drawn by matplotlib, which is imported where one is drawn."""
