"""The wire contract `roompulse.v1`, generated from `protos/` by `make protos`."""
