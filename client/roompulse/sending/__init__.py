"""What becomes of pictures and packets before they are on their way."""
