"""The record: a typed log per meeting in an SQL database, written by one thread."""
