"""The way to the service: channels, calls that go on after a cut, what comes back."""
