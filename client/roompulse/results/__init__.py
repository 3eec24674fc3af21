"""What the service says, as frozen values in Python's units: seconds, fractions, degrees, aware datetimes.

A value that was not measured is None, never zero. Nothing of protobuf is kept; `roompulse.to_json` writes any of them
as proto3 JSON.
"""

from roompulse.results.meetings import Meeting, Participant
from roompulse.results.pictures import (
    ActionUnit,
    Affect,
    Box,
    Expressions,
    Face,
    FaceQuality,
    HeadPose,
    ImageFace,
    ImageResult,
    Landmarks,
    Point,
)
from roompulse.results.privacy import AuditEntry, Notice
from roompulse.results.streams import FlowNotice, Heartbeat, PacketFault, StreamEvent, StreamOpened
from roompulse.results.summaries import (
    ActionUnitTime,
    Change,
    EngagementStatistics,
    MeetingPoint,
    Moment,
    NotableMinute,
    ParticipantPoint,
    ParticipantSummary,
    Report,
    Summary,
    Synchrony,
)
from roompulse.results.updates import (
    Consent,
    Engagement,
    GoingAway,
    MeetingEvent,
    MeetingKey,
    PacketCounters,
    Reconnected,
    Rollup,
    SubscriptionEvent,
    SubscriptionHeartbeat,
    Update,
)

__all__ = [
    "ActionUnit",
    "ActionUnitTime",
    "Affect",
    "AuditEntry",
    "Box",
    "Change",
    "Consent",
    "Engagement",
    "EngagementStatistics",
    "Expressions",
    "Face",
    "FaceQuality",
    "FlowNotice",
    "GoingAway",
    "HeadPose",
    "Heartbeat",
    "ImageFace",
    "ImageResult",
    "Landmarks",
    "Meeting",
    "MeetingEvent",
    "MeetingKey",
    "MeetingPoint",
    "Moment",
    "NotableMinute",
    "Notice",
    "PacketCounters",
    "PacketFault",
    "Participant",
    "ParticipantPoint",
    "ParticipantSummary",
    "Point",
    "Reconnected",
    "Report",
    "Rollup",
    "StreamEvent",
    "StreamOpened",
    "SubscriptionEvent",
    "SubscriptionHeartbeat",
    "Summary",
    "Synchrony",
    "Update",
]
