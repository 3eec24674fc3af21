"""Live meetings: their participants, what streams bring in, and what subscribers get out."""
