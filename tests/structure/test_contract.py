"""The contract, its stubs and the server's own values say the same."""

import enum
import inspect
import subprocess
import sys

import pytest
from google.protobuf.descriptor import EnumDescriptor
from roompulse.v1 import (
    analysis_service_pb2,
    common_pb2,
    media_pb2,
    meeting_service_pb2,
    privacy_pb2,
    subscription_service_pb2,
    update_pb2,
)
from roompulse_server import types
from roompulse_vision import enumerations
from roompulse_vision import types as vision
from source_tree import ROOT

TWINS: dict[type[enum.IntEnum], EnumDescriptor] = {
    types.Purpose: common_pb2.Purpose.DESCRIPTOR,
    types.ConsentState: common_pb2.ConsentState.DESCRIPTOR,
    enumerations.Provenance: common_pb2.Provenance.DESCRIPTOR,
    enumerations.DropReason: common_pb2.DropReason.DESCRIPTOR,
    enumerations.FaultReason: analysis_service_pb2.FaultReason.DESCRIPTOR,
    enumerations.Encoding: media_pb2.Encoding.DESCRIPTOR,
    enumerations.ColorMatrix: media_pb2.ColorMatrix.DESCRIPTOR,
    enumerations.ColorRange: media_pb2.ColorRange.DESCRIPTOR,
    types.Source: media_pb2.Source.DESCRIPTOR,
    types.Content: media_pb2.Content.DESCRIPTOR,
    enumerations.Delivery: media_pb2.Delivery.DESCRIPTOR,
    types.Clock: media_pb2.Clock.DESCRIPTOR,
    enumerations.Presence: update_pb2.Presence.DESCRIPTOR,
    types.NoScoreReason: update_pb2.NoScoreReason.DESCRIPTOR,
    types.Band: update_pb2.EngagementBand.DESCRIPTOR,
    types.FacingState: update_pb2.FacingState.DESCRIPTOR,
    types.EventKind: update_pb2.MeetingEvent.Kind.DESCRIPTOR,
    types.SlowPolicy: subscription_service_pb2.SlowPolicy.DESCRIPTOR,
    types.ReportFormat: meeting_service_pb2.ReportFormat.DESCRIPTOR,
    types.AuditAction: privacy_pb2.AuditAction.DESCRIPTOR,
    types.MeetingState: meeting_service_pb2.Meeting.State.DESCRIPTOR,
}


def names_and_numbers(descriptor: EnumDescriptor) -> dict[str, int]:
    """Return an enumeration's values, without the prefix that protobuf style gives them all."""
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix): value.number for value in descriptor.values}


@pytest.mark.parametrize("ours", TWINS, ids=lambda ours: ours.__name__)
def test_an_enumeration_has_the_names_and_numbers_of_its_twin(ours: type[enum.IntEnum]) -> None:
    assert {member.name: member.value for member in ours} == names_and_numbers(TWINS[ours])


def test_every_enumeration_has_a_twin() -> None:
    members = (*inspect.getmembers(types, inspect.isclass), *inspect.getmembers(enumerations, inspect.isclass))
    ours = {kind for _, kind in members if issubclass(kind, enum.IntEnum)}
    assert ours - {enum.IntEnum} == set(TWINS)


def test_the_labels_are_the_expressions_in_order() -> None:
    assert tuple(field.name for field in update_pb2.Expressions.DESCRIPTOR.fields) == vision.LABELS


def test_the_stubs_are_those_of_the_protos() -> None:
    run = subprocess.run(
        [sys.executable, "tools/protos.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
