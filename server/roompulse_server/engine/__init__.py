"""The CPU: worker processes, streams placed on them, even rates."""
