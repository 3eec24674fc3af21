"""Messages of a subscription → protos."""

from roompulse.v1 import common_pb2
from roompulse.v1 import subscription_service_pb2 as pb

from roompulse_server.rpc import convert
from roompulse_server.rpc.memo import Messages
from roompulse_server.streams.replies import GoingAway
from roompulse_server.subscriptions.subscription_service import SubscriptionHeartbeat, SubscriptionMessage
from roompulse_server.types import Event, MeetingKey, Rollup, Update


def message_to_proto(message: SubscriptionMessage, key: MeetingKey, messages: Messages) -> pb.SubscribeUpdatesResponse:
    """Return the message; its token is the position after it."""
    response, item = pb.SubscribeUpdatesResponse(resume_token=message.token), message.item
    match item:
        case Update():
            response.update.CopyFrom(messages.update(item, key))
        case Rollup():
            response.rollup.CopyFrom(messages.rollup(item, key))
        case Event():
            response.meeting_event.CopyFrom(convert.event_to_proto(item, key))
        case SubscriptionHeartbeat():
            response.heartbeat.time.CopyFrom(convert.timestamp(item.time_us))
            response.heartbeat.meeting_offset.CopyFrom(convert.duration(item.offset_us))
        case GoingAway():
            going = common_pb2.GoingAway(
                reason=item.reason, retry_after_ms=item.retry_after_ms, resume_token=message.token
            )
            response.going_away.CopyFrom(going)
    return response
