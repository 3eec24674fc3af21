"""Protos of meetings, their record and subscriptions → domain values. Pure."""

from google.protobuf.duration_pb2 import Duration
from roompulse.v1 import meeting_service_pb2, subscription_service_pb2

from roompulse_server import types
from roompulse_server.errors import InvalidArgumentError
from roompulse_server.meetings.meeting_service import MeetingsQuery, UpdatesQuery
from roompulse_server.rpc.convert import us_from_duration
from roompulse_server.rpc.convert_request import enum_from_proto, ref_from_proto
from roompulse_server.subscriptions.catch_up_subscription import Filter
from roompulse_server.subscriptions.subscription_service import SubscriptionQuery
from roompulse_server.types import SlowPolicy

MAX_DURATION_S = 315_576_000_000  # of google.protobuf.Duration: 10,000 years


def meeting_from_proto(request: meeting_service_pb2.CreateMeetingRequest) -> types.Meeting:
    ref = request.meeting
    return types.Meeting(
        key=types.MeetingKey(ref.tenant, ref.id, ref.uid),
        purpose=enum_from_proto(types.Purpose, request.purpose, "purpose"),
        state=types.MeetingState.ACTIVE,
        create_us=0,
        title=request.title,
        time_zone=request.time_zone,
        idle_timeout_s=_us(request.idle_timeout, "idle_timeout") / 1e6 if request.HasField("idle_timeout") else None,
        retention_s=_us(request.retention, "retention") / 1e6 if request.HasField("retention") else None,
        everyone_consented=request.everyone_consented,
        aggregate_only=request.aggregate_only,
    )


def meetings_query_from_proto(request: meeting_service_pb2.ListMeetingsRequest) -> MeetingsQuery:
    state = enum_from_proto(types.MeetingState, request.state, "state")
    return MeetingsQuery(request.tenant, request.meeting_id, state, request.page_size, request.page_token)


def updates_query_from_proto(request: meeting_service_pb2.ListUpdatesRequest) -> UpdatesQuery:
    return UpdatesQuery(
        ref=ref_from_proto(request.meeting),
        participant=request.participant_id,
        start_us=_us(request.start_offset, "start_offset"),
        end_us=_us(request.end_offset, "end_offset") if request.HasField("end_offset") else None,
        page_size=request.page_size,
        page_token=request.page_token,
    )


def subscription_from_proto(request: subscription_service_pb2.SubscribeUpdatesRequest) -> SubscriptionQuery:
    start = request.WhichOneof("start")
    return SubscriptionQuery(
        ref=ref_from_proto(request.meeting),
        wanted=Filter(
            participants=frozenset(request.participant_ids),
            updates=not request.without_updates,
            rollups=not request.without_rollups,
            events=not request.without_events,
            final_rollups_only=request.final_rollups_only,
        ),
        resume_token=request.resume_token if start == "resume_token" else None,
        from_offset_us=_us(request.from_offset, "from_offset") if start == "from_offset" else None,
        slow_policy=enum_from_proto(SlowPolicy, request.slow_policy, "slow_policy", SlowPolicy.DISCONNECT),
    )


def _us(value: Duration, path: str) -> int:
    """Return microseconds, which fit the record's 64 bits.

    Raises:
        InvalidArgumentError: It is no valid Duration.
    """
    if abs(value.seconds) > MAX_DURATION_S:
        raise InvalidArgumentError(path, f"{value.seconds} s is beyond a Duration's range, {MAX_DURATION_S} s")
    return us_from_duration(value)
