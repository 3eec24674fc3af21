"""Updates of all participants → one-second windows of the meeting. Pure."""
