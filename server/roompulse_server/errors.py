"""What can go wrong, as one tree: every error has a stable reason, a sentence, and the values it is about.

`rpc/status.py` turns a reason into a gRPC code, in one table; nothing else does.
A sentence says what was wrong, with the value, and what would be right.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Stable, machine-readable: clients switch on these."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    CONFIG_MISSING = "CONFIG_MISSING"
    CONFIG_REPEATED = "CONFIG_REPEATED"
    MEETING_NOT_FOUND = "MEETING_NOT_FOUND"
    MEETING_EXISTS = "MEETING_EXISTS"
    MEETING_ENDED = "MEETING_ENDED"
    PARTICIPANT_NOT_FOUND = "PARTICIPANT_NOT_FOUND"
    PURPOSE_MISSING = "PURPOSE_MISSING"
    PURPOSE_REFUSED = "PURPOSE_REFUSED"
    PURPOSE_DIFFERS = "PURPOSE_DIFFERS"
    CONSENT_MISSING = "CONSENT_MISSING"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    PARTICIPANT_ERASED = "PARTICIPANT_ERASED"
    AGGREGATE_ONLY = "AGGREGATE_ONLY"
    TENANT_UNKNOWN = "TENANT_UNKNOWN"
    PICTURE_UNUSABLE = "PICTURE_UNUSABLE"
    TOO_MANY_FAULTS = "TOO_MANY_FAULTS"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    STREAM_REPLACED = "STREAM_REPLACED"
    SUBSCRIBER_TOO_SLOW = "SUBSCRIBER_TOO_SLOW"
    RESUME_TOKEN_INVALID = "RESUME_TOKEN_INVALID"
    POSITION_EXPIRED = "POSITION_EXPIRED"
    NOT_OFFERED = "NOT_OFFERED"
    DRAINING = "DRAINING"
    RECORD_UNAVAILABLE = "RECORD_UNAVAILABLE"
    RECORD_DAMAGED = "RECORD_DAMAGED"
    ENGINE_UNAVAILABLE = "ENGINE_UNAVAILABLE"


class RoompulseError(Exception):
    """Base of everything this service raises on purpose.

    Args:
        reason: What kind of error it is.
        message: The sentence for the caller.
        field: Path of the request's field that is to blame, where one is.
        values: More values for machines, as text.
    """

    def __init__(self, reason: Reason, message: str, *, field: str = "", **values: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.values = values


class InvalidArgumentError(RoompulseError):
    """A request's field is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(Reason.INVALID_ARGUMENT, message, field=field)


class SettingsError(Exception):
    """A setting is wrong: names the setting, its value and what would be right."""


class StoreError(Exception):
    """The record cannot be opened or written."""


class DamageError(StoreError):
    """What the record holds is not what was written: trying again does not help, a backup does."""
