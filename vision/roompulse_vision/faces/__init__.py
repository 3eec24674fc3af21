"""Pictures to faces to affect: detect, track, crop, classify. Synchronous and single-threaded; runs in a worker."""
