"""What can go wrong, as one tree; nothing of gRPC's own errors comes through.

Every error has a sentence, a stable `reason`, the request's `field` where one is to blame, and more `values`.
Reasons are the service's own (`google.rpc.ErrorInfo`, domain `roompulse.dev`); without one the gRPC status decides:

    gRPC status           class                 more special, by reason
    INVALID_ARGUMENT      InvalidArgument       PictureUnusable, TooManyFaults, ResumeTokenInvalid
    OUT_OF_RANGE          InvalidArgument       PositionExpired
    NOT_FOUND             NotFound              MeetingNotFound, ParticipantNotFound
    ALREADY_EXISTS        AlreadyExists
    FAILED_PRECONDITION   FailedPrecondition    MeetingEnded, ConsentMissing, PurposeMissing,
                                                PurposeRefused, PurposeDiffers,
                                                ConsentWithdrawn, ParticipantErased, AggregateOnly
    PERMISSION_DENIED     PermissionDenied
    UNAUTHENTICATED       Unauthenticated
    RESOURCE_EXHAUSTED    ResourceExhausted     TooManyStreams, SubscriberTooSlow
    UNAVAILABLE           Unavailable           Draining
    DEADLINE_EXCEEDED     DeadlineExceeded
    ABORTED               Aborted               StreamReplaced
    UNIMPLEMENTED         NotOffered
    CANCELLED             StreamClosed
    DATA_LOSS             ServiceFault          RecordDamaged
    any other             ServiceFault

A reason decides before the status does. From the client itself come `InvalidArgument` too (a value that cannot be said
to the service at all), `SourceError` (a file, URL or device that cannot be used), `StreamClosed` (used before it was
opened or after its end), `StreamSilent` (nothing came for too long) and `WrongUse` (entered twice, used in another
event loop, or in a process that was forked after it was opened).
"""

from collections.abc import Mapping

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from roompulse.transport.unreachable import why_unreachable

DOMAIN = "roompulse.dev"
_DETAILS_KEY = "grpc-status-details-bin"
_MET_THE_END = "Internal error from Core"  # grpc.aio's own INTERNAL for a write that met the end of its call


class RoompulseError(Exception):
    """Base of everything this client raises on purpose.

    Attributes:
        reason: Stable and machine-readable, for example `MEETING_ENDED`; empty where the service gave none.
        field: Path of the request's field that is to blame, or empty.
        values: More values for machines, as text.
        retry_after_s: How long the service asks to wait before the next try, seconds; None where it does not.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        field: str = "",
        values: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Keep the sentence and the values it is about."""
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.field = field
        self.values = dict(values or {})
        self.retry_after_s = retry_after_s


class InvalidArgument(RoompulseError):
    """A value is wrong; `field` names it. The service says so, or the client before anything is sent."""


class PictureUnusable(InvalidArgument):
    """The picture cannot be read."""


class TooManyFaults(InvalidArgument):
    """Too many packets in a row could not be used; the stream ended."""


class ResumeTokenInvalid(InvalidArgument):
    """The resume token belongs to another meeting or filter, or is none."""


class PositionExpired(InvalidArgument):
    """The record does not reach back that far any more."""


class NotFound(RoompulseError):
    """There is no such thing."""


class MeetingNotFound(NotFound):
    """There is no such meeting."""


class ParticipantNotFound(NotFound):
    """There is no such participant."""


class AlreadyExists(RoompulseError):
    """There is one already."""


class FailedPrecondition(RoompulseError):
    """The state of things does not allow it."""


class MeetingEnded(FailedPrecondition):
    """The meeting has ended; pass `new_occurrence=True` to start another one."""


class ConsentMissing(FailedPrecondition):
    """No consent is in force."""


class ConsentWithdrawn(FailedPrecondition):
    """The participant has taken their consent back; only `meetings.set_consent` grants it again."""


class ParticipantErased(FailedPrecondition):
    """The participant was erased from the meeting; only `meetings.set_consent` lets them begin anew."""


class AggregateOnly(FailedPrecondition):
    """Nobody's own values leave the service in this meeting."""


class PurposeMissing(FailedPrecondition):
    """No purpose is declared."""


class PurposeDiffers(FailedPrecondition):
    """The meeting was declared for another purpose."""


class PermissionDenied(RoompulseError):
    """The caller may not do that."""


class PurposeRefused(FailedPrecondition):
    """The service does not work for this purpose."""


class Unauthenticated(RoompulseError):
    """The caller is not known, or no longer."""


class ResourceExhausted(RoompulseError):
    """A limit is reached."""


class TooManyStreams(ResourceExhausted):
    """The service has as many streams as it can serve."""


class SubscriberTooSlow(ResourceExhausted):
    """The subscriber read too slowly."""


class Unavailable(RoompulseError):
    """The service cannot be reached, or not now."""


class Draining(Unavailable):
    """The service is about to stop."""


class StreamSilent(Unavailable):
    """The service said nothing for too long."""


class DeadlineExceeded(RoompulseError):
    """The answer did not come in time."""


class Aborted(RoompulseError):
    """Something else took over."""


class StreamReplaced(Aborted):
    """A newer stream of the same participant took over."""


class NotOffered(RoompulseError):
    """This service does not offer it."""


class ServiceFault(RoompulseError):
    """Something is wrong inside the service."""


class RecordDamaged(ServiceFault):
    """The record of this meeting is damaged; other meetings are not affected."""


class StreamClosed(RoompulseError):
    """The stream or client is closed."""


class WrongUse(RoompulseError):
    """Something is entered twice, or used where it cannot work: in another event loop, in a forked process."""


class SourceError(RoompulseError):
    """A file, URL or device cannot be used as a source."""


BY_REASON: Mapping[str, type[RoompulseError]] = {
    "INVALID_ARGUMENT": InvalidArgument,
    "CONFIG_MISSING": InvalidArgument,
    "CONFIG_REPEATED": InvalidArgument,
    "MEETING_NOT_FOUND": MeetingNotFound,
    "MEETING_EXISTS": AlreadyExists,
    "MEETING_ENDED": MeetingEnded,
    "PARTICIPANT_NOT_FOUND": ParticipantNotFound,
    "PURPOSE_MISSING": PurposeMissing,
    "PURPOSE_REFUSED": PurposeRefused,
    "PURPOSE_DIFFERS": PurposeDiffers,
    "CONSENT_MISSING": ConsentMissing,
    "CONSENT_WITHDRAWN": ConsentWithdrawn,
    "PARTICIPANT_ERASED": ParticipantErased,
    "AGGREGATE_ONLY": AggregateOnly,
    "TENANT_UNKNOWN": PermissionDenied,
    "PICTURE_UNUSABLE": PictureUnusable,
    "TOO_MANY_FAULTS": TooManyFaults,
    "TOO_MANY_STREAMS": TooManyStreams,
    "STREAM_REPLACED": StreamReplaced,
    "SUBSCRIBER_TOO_SLOW": SubscriberTooSlow,
    "RESUME_TOKEN_INVALID": ResumeTokenInvalid,
    "POSITION_EXPIRED": PositionExpired,
    "NOT_OFFERED": NotOffered,
    "DRAINING": Draining,
    "RECORD_UNAVAILABLE": Unavailable,
    "ENGINE_UNAVAILABLE": Unavailable,
    "RECORD_DAMAGED": RecordDamaged,
}
BY_STATUS: Mapping[grpc.StatusCode, type[RoompulseError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.OUT_OF_RANGE: InvalidArgument,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.ABORTED: Aborted,
    grpc.StatusCode.UNIMPLEMENTED: NotOffered,
    grpc.StatusCode.CANCELLED: StreamClosed,
    grpc.StatusCode.DATA_LOSS: ServiceFault,
}


def from_grpc(err: grpc.aio.AioRpcError, target: str) -> RoompulseError:
    """Return the error of this tree that says what `err` says; raise it `from err`. `target` names the server."""
    info, wait, request = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo(), error_details_pb2.BadRequest()
    _unpack_details(err, info, wait, request)
    reason = info.reason if info.domain == DOMAIN else ""
    fallback = Unavailable if _met_the_end(err) else BY_STATUS.get(err.code(), ServiceFault)
    return BY_REASON.get(reason, fallback)(
        _sentence(err, target) if not reason else err.details() or reason,
        reason=reason,
        field=request.field_violations[0].field if request.field_violations else "",
        values=info.metadata,
        retry_after_s=wait.retry_delay.ToMicroseconds() / 1e6 if wait.HasField("retry_delay") else None,
    )


def _met_the_end(err: grpc.aio.AioRpcError) -> bool:
    return err.code() is grpc.StatusCode.INTERNAL and err.details() == _MET_THE_END


def _sentence(err: grpc.aio.AioRpcError, target: str) -> str:
    """Say in people's words what gRPC itself, not the service, found wrong."""
    details = err.details() or ""
    if err.code() is grpc.StatusCode.UNAVAILABLE or _met_the_end(err):
        return why_unreachable(details, target) or f"the connection to {target} was lost ({details})"
    if err.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"{target} did not answer in time"
    if err.code() is grpc.StatusCode.UNIMPLEMENTED:
        return f"the server at {target} does not offer this call; is it a roompulse server of this version?"
    return details or f"{target} answered {err.code().name}"


def _unpack_details(err: grpc.aio.AioRpcError, *kinds: Message) -> None:
    """Fill each of `kinds` from the error's `google.rpc.Status`, where it holds one of its type."""
    status = status_pb2.Status()
    for key, value in err.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            status.ParseFromString(value)
    for detail in status.details:
        for kind in kinds:
            detail.Unpack(kind)
