"""The summary's values are the twins of its messages: same names, same order, same kinds of moments."""

import dataclasses

import pytest
from google.protobuf.descriptor import Descriptor
from roompulse.v1 import summary_pb2 as pb
from roompulse_server.insight.summary import summary_types
from roompulse_server.insight.summary.summary_types import MomentKind

MESSAGES = (
    pb.PresenceTime,
    pb.NoScoreTime,
    pb.BandTime,
    pb.FacingTime,
    pb.Interval,
    pb.ActionUnitTime,
    pb.EngagementStatistics,
    pb.Change,
    pb.ParticipantPoint,
    pb.ParticipantSummary,
    pb.MeetingPoint,
    pb.Synchrony,
    pb.NotableMinute,
    pb.Moment,
    pb.CompositionEffect,
    pb.ConsentBasis,
    pb.MeetingSummary,
)


@pytest.mark.parametrize("descriptor", [message.DESCRIPTOR for message in MESSAGES], ids=lambda one: str(one.name))
def test_fields_are_those_of_the_message(descriptor: Descriptor) -> None:
    twin = getattr(summary_types, descriptor.name)
    timed = ("google.protobuf.Duration", "google.protobuf.Timestamp")
    names = {
        field.name + ("_us" if field.message_type and field.message_type.full_name in timed else "")
        for field in descriptor.fields
    }
    assert {field.name for field in dataclasses.fields(twin)} == names


def test_kinds_of_moments_have_the_numbers_of_the_contract() -> None:
    numbers = {name.removeprefix("KIND_"): number for name, number in pb.Moment.Kind.items()}
    assert {kind.name: kind.value for kind in MomentKind} == numbers
