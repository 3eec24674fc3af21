"""What follows from expressions by published tables; beneath vision, which reads, and insight, which adjusts."""
