"""Live fan-out inside the process, and the positions from which a subscriber goes on."""
