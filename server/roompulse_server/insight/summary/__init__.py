"""What the record holds of a meeting → its summary. Pure; the same live and afterwards."""
