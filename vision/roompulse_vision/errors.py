"""What can go wrong while seeing: a packet that cannot be used, a model that cannot be used."""

from roompulse_vision.enumerations import FaultReason


class VisionError(Exception):
    """Base of everything this package raises on purpose."""


class ModelError(VisionError):
    """A model file or card cannot be used: names the file, what was expected and what was found."""


class MediaError(VisionError):
    """A packet cannot be used; it costs itself alone."""

    def __init__(self, reason: FaultReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
