"""A synthetic two-person meeting, streamed through the real service."""
