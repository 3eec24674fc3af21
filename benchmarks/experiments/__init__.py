"""One-off experiments: each is one command, and none is part of `make bench`."""
