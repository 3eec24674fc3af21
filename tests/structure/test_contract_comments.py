"""What the contract's comments promise in numbers and names is what the service does."""

import re
from typing import Any

import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.rpc import code_pb2
from roompulse import errors as sdk_errors
from roompulse.transport import channel
from roompulse.transport.reconnect import Reconnection
from roompulse.v1 import analysis_service_pb2, error_pb2, meeting_service_pb2, subscription_service_pb2
from roompulse_server.errors import Reason
from roompulse_server.meetings import meeting_service, validation
from roompulse_server.rpc import convert_report, server, status
from roompulse_server.settings import Settings
from roompulse_vision.types import MediaLimits
from source_tree import ROOT

PROTOS = ROOT / "protos" / "roompulse" / "v1"
SERVICES: tuple[ServiceDescriptor, ...] = (
    analysis_service_pb2.DESCRIPTOR.services_by_name["AnalysisService"],
    meeting_service_pb2.DESCRIPTOR.services_by_name["MeetingService"],
    subscription_service_pb2.DESCRIPTOR.services_by_name["SubscriptionService"],
)
METHODS = [(service, method.name) for service in SERVICES for method in service.methods]
NOT_SENT = {"SUBSCRIBER_TOO_SLOW"}  # its comment says so
MIB = 1024 * 1024
LIMITS = MediaLimits()


def prose(name: str) -> str:
    """Return the comments of a file as one text, each line break a space."""
    return re.sub(r"\s*\n\s*//\s?", " ", (PROTOS / name).read_text(encoding="utf-8"))


def comment_of(file: str, declaration: str) -> str:
    """Return the comment right before a declaration."""
    text = (PROTOS / file).read_text(encoding="utf-8")
    before = text[: text.index(declaration)].splitlines()
    lines: list[str] = []
    while before and before[-1].strip().startswith("//"):
        lines.insert(0, before.pop().strip().removeprefix("//").strip())
    return " ".join(lines)


def default(name: str) -> Any:
    return Settings.model_fields[name].default


HEARTBEAT = r"comes every (\d+) s"
PATIENCE = r"heard nothing for (\d+) s"
MOST_CHARACTERS = r"1 to (\d+) characters"
NUMBERS: dict[str, tuple[str, str, Any]] = {
    "heartbeats of a stream": ("analysis_service.proto", rf"a Heartbeat {HEARTBEAT}", default("heartbeat_s")),
    "heartbeats of a subscription": ("subscription_service.proto", HEARTBEAT, default("heartbeat_s")),
    "patience with a stream": ("analysis_service.proto", PATIENCE, Reconnection().silence_s),
    "patience with a subscription": ("subscription_service.proto", PATIENCE, Reconnection().silence_s),
    "a message": ("analysis_service.proto", r"to the service may have (\d+) MiB", server.MAX_RECEIVE_BYTES / MIB),
    "a client's limit": ("meeting_service.proto", r"limit of the client to (\d+) MiB", channel.MAX_RECEIVE_BYTES / MIB),
    "faults in a row": ("analysis_service.proto", r"(\d+) of them in a row", default("max_faults_in_a_row")),
    "a packet": ("media.proto", r"at most (\d+) MiB \(a setting", default("max_packet_bytes") / MIB),
    "width of a raw picture": ("media.proto", r"at most (\d+)×\d+ pixels", 3840),
    "height of a raw picture": ("media.proto", r"at most \d+×(\d+) pixels", default("max_pixels") / 3840),
    "bytes of a raw pixel": (
        "media.proto",
        r"too\) of (\d+) bytes",
        MediaLimits().max_raw_bytes / MediaLimits().max_pixels,
    ),
    "tiles": ("media.proto", r"All tiles that show somebody, 1 to (\d+)\.", validation.MAX_TILES),
    "id of a tile": ("media.proto", MOST_CHARACTERS, validation.MAX_ID),
    "id of a participant": ("analysis_service.proto", MOST_CHARACTERS, validation.MAX_ID),
    "id of a meeting": ("common.proto", MOST_CHARACTERS, validation.MAX_ID),
    "a display name": ("analysis_service.proto", r"for people to read, at most (\d+)", validation.MAX_NAME),
    "media zero": ("analysis_service.proto", r"in milliseconds, within (\d+) days", validation.MAX_ZERO_US / 86_400e6),
    "a title": ("meeting_service.proto", r"title for people to read, at most (\d+)", meeting_service.MAX_TITLE),
    "a request id": ("meeting_service.proto", r"At most (\d+) characters, for example", meeting_service.MAX_REQUEST_ID),
    "a part of a report": ("meeting_service.proto", r"at most (\d+) MiB", convert_report.PART_BYTES / MIB),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_in_the_comments_is_the_one_in_force(name: str) -> None:
    file, pattern, value = NUMBERS[name]
    found = re.findall(pattern, prose(file))
    assert found, f"{file} says nothing that matches {pattern!r}"
    assert {float(number) for number in found} == {float(value)}


def test_every_reason_is_in_the_contract_and_has_the_code_that_it_names() -> None:
    prefix = "ERROR_REASON_"
    values = {value.name.removeprefix(prefix) for value in error_pb2.ErrorReason.DESCRIPTOR.values if value.number}
    assert values == {reason.value for reason in Reason} == set(sdk_errors.BY_REASON)
    for reason, code in status.CODES.items():
        comment = comment_of("error.proto", f"  {prefix}{reason.value} = ")
        again = ", try again" * (reason in status.RETRY_AFTER_S)
        assert f"({code_pb2.Code.Name(code)}{again})" in comment, comment


def test_the_contract_names_the_domain_of_the_errors() -> None:
    assert f'domain "{status.DOMAIN}"' in re.sub(r" +", " ", prose("error.proto"))
    assert status.DOMAIN == sdk_errors.DOMAIN


def reasons_of(service: ServiceDescriptor, method: str) -> set[str]:
    comment = comment_of(service.file.name.rpartition("/")[2], f"  rpc {method}(")
    named = re.search(r"Reasons: ([A-Z_, ]+)\.", comment)
    assert named, f"the comment of {method} names no reasons"
    return set(named[1].split(", "))


@pytest.mark.parametrize(("service", "method"), METHODS, ids=[method for _, method in METHODS])
def test_every_call_names_reasons_that_there_are(service: ServiceDescriptor, method: str) -> None:
    assert reasons_of(service, method) <= {reason.value for reason in Reason} - NOT_SENT


def test_every_reason_is_named_by_a_call() -> None:
    named = set().union(*(reasons_of(service, method) for service, method in METHODS))
    assert named | NOT_SENT == {reason.value for reason in Reason}


@pytest.mark.parametrize("path", sorted(PROTOS.glob("*.proto")), ids=lambda path: path.stem)
def test_every_file_says_where_its_code_goes_in_each_language(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    for option in ("csharp_namespace", "go_package", "java_package", "php_namespace", "ruby_package"):
        assert re.search(rf'^option {option} = "\S+";$', text, re.MULTILINE), option
    assert "option java_multiple_files = true;" in text
