"""Bytes to pictures: still images, raw frames, encoded video; synchronous, in the worker."""
