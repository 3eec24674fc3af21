"""One file for each change of the schema, oldest first. Expand first, contract a release later."""
