"""Tuning: what a sampler of Optuna asks for, each trial a run of its own. Optuna is imported by the modules in here."""
