"""Live fan-out inside the process."""
