"""The pulse of the room: a meeting's video in, explainable engagement out."""
