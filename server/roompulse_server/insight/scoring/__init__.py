"""Observations of one participant → affect over time and an engagement score that explains itself. Pure."""
