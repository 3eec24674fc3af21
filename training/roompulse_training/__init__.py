"""Data with labels, what predictions are worth on them, and models of one's own."""
