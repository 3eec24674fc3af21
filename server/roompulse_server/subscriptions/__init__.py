"""Subscriptions: catching up from the record, following live, positions to go on from."""
