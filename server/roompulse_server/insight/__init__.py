"""Affect to engagement: smoothing, score, roll-up and summary. Pure: no clock, no tasks, no I/O but a formula file."""
