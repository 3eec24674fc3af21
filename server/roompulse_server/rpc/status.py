"""Errors become gRPC statuses here, and nowhere else.

What callers sent comes back in messages and values, and may be long. A status travels in HTTP/2 headers, which hold
8 KiB: a longer one would reach nobody, so every text is cut in its middle, where its beginning and its remedy stay.

Every status carries `google.rpc.ErrorInfo` (reason, domain, values); wrong fields add `BadRequest`, and what may be
tried again adds `RetryInfo`. What is not a `RoompulseError` becomes INTERNAL with a fixed text; the log has the rest.
"""

import itertools
from typing import Any, NoReturn

import structlog
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from roompulse_server.errors import Reason, RoompulseError

log = structlog.get_logger(__name__)

DOMAIN = "roompulse.dev"

CODES: dict[Reason, int] = {
    Reason.INVALID_ARGUMENT: code_pb2.INVALID_ARGUMENT,
    Reason.CONFIG_MISSING: code_pb2.INVALID_ARGUMENT,
    Reason.CONFIG_REPEATED: code_pb2.INVALID_ARGUMENT,
    Reason.MEETING_NOT_FOUND: code_pb2.NOT_FOUND,
    Reason.MEETING_EXISTS: code_pb2.ALREADY_EXISTS,
    Reason.MEETING_ENDED: code_pb2.FAILED_PRECONDITION,
    Reason.PARTICIPANT_NOT_FOUND: code_pb2.NOT_FOUND,
    Reason.PURPOSE_MISSING: code_pb2.FAILED_PRECONDITION,
    Reason.PURPOSE_REFUSED: code_pb2.FAILED_PRECONDITION,
    Reason.PURPOSE_DIFFERS: code_pb2.FAILED_PRECONDITION,
    Reason.CONSENT_MISSING: code_pb2.FAILED_PRECONDITION,
    Reason.CONSENT_WITHDRAWN: code_pb2.FAILED_PRECONDITION,
    Reason.PARTICIPANT_ERASED: code_pb2.FAILED_PRECONDITION,
    Reason.AGGREGATE_ONLY: code_pb2.FAILED_PRECONDITION,
    Reason.TENANT_UNKNOWN: code_pb2.PERMISSION_DENIED,
    Reason.PICTURE_UNUSABLE: code_pb2.INVALID_ARGUMENT,
    Reason.TOO_MANY_FAULTS: code_pb2.INVALID_ARGUMENT,
    Reason.TOO_MANY_STREAMS: code_pb2.RESOURCE_EXHAUSTED,
    Reason.STREAM_REPLACED: code_pb2.ABORTED,
    Reason.SUBSCRIBER_TOO_SLOW: code_pb2.RESOURCE_EXHAUSTED,
    Reason.RESUME_TOKEN_INVALID: code_pb2.INVALID_ARGUMENT,
    Reason.POSITION_EXPIRED: code_pb2.OUT_OF_RANGE,
    Reason.NOT_OFFERED: code_pb2.UNIMPLEMENTED,
    Reason.DRAINING: code_pb2.UNAVAILABLE,
    Reason.RECORD_UNAVAILABLE: code_pb2.UNAVAILABLE,
    Reason.RECORD_DAMAGED: code_pb2.DATA_LOSS,
    Reason.ENGINE_UNAVAILABLE: code_pb2.UNAVAILABLE,
}
RETRY_AFTER_S = {
    Reason.TOO_MANY_STREAMS: 5,
    Reason.DRAINING: 1,
    Reason.RECORD_UNAVAILABLE: 1,
    Reason.ENGINE_UNAVAILABLE: 1,
}
TEXT_BYTES = 768  # a status says its message three times, once with three bytes for each that is no ASCII
VALUE_BYTES = 128
MOST_VALUES = 4
_CUT = " … "
INTERNAL_TEXT = "something went wrong inside the service; its log says what"


def to_status(error: BaseException) -> status_pb2.Status:
    """Return the status of an error; the text of an unknown one does not leave the service."""
    if not isinstance(error, RoompulseError):
        return status_pb2.Status(code=code_pb2.INTERNAL, message=INTERNAL_TEXT)
    message, field = cut(error.message, TEXT_BYTES), cut(error.field, VALUE_BYTES)
    values = {cut(name, VALUE_BYTES): cut(value, VALUE_BYTES) for name, value in error.values.items()}
    metadata = dict(itertools.islice(values.items(), MOST_VALUES))
    info = error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=metadata)
    details: list[any_pb2.Any] = [_any(info)]
    if field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=message)
        details.append(_any(error_details_pb2.BadRequest(field_violations=[violation])))
    if error.reason in RETRY_AFTER_S:
        delay = duration_pb2.Duration(seconds=RETRY_AFTER_S[error.reason])
        details.append(_any(error_details_pb2.RetryInfo(retry_delay=delay)))
    text = f"{field}: {message}" if field else message
    return status_pb2.Status(code=CODES[error.reason], message=text, details=details)


def cut(text: str, most: int) -> str:
    """Return a text of at most so many bytes: a longer one without its middle."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    half = (most - len(_CUT.encode())) // 2
    return data[:half].decode(errors="ignore") + _CUT + data[-half:].decode(errors="ignore")


async def abort(context: Any, error: BaseException) -> NoReturn:
    """End the call with the error's status."""
    if not isinstance(error, RoompulseError):
        log.error("an RPC failed", exc_info=error)
    status = rpc_status.to_status(to_status(error))
    await context.abort(status.code, status.details or "", status.trailing_metadata or ())
    raise AssertionError("abort always raises")


def _any(
    message: "error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo",
) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
