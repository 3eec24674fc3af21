"""gRPC only: servicers that convert, call and convert; the status table; the server."""
