"""The syntax of encoded video, as far as it must be known without decoding. Pure Python, without any library."""
