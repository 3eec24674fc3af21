"""A report's file has a name that every system takes, and that tells meetings apart, whatever their ids are."""

from dataclasses import replace

import pytest
from report_samples import a_meeting
from roompulse_server.report.document import named
from roompulse_server.types import MeetingKey

UIDS = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210")


def file_name(meeting_id: str, uid: str = UIDS[0]) -> str:
    summary = a_meeting(1, 1)
    return named(replace(summary, meeting=MeetingKey("default", meeting_id, uid)), "csv", "text/csv", b"").file_name


@pytest.mark.parametrize(
    ("meeting_id", "expected"),
    [
        ("standup", "roompulse-standup-2023-11-14.csv"),
        ("4zAa/bC+d==", "roompulse-4zAa-bC-d--01234567-2023-11-14.csv"),
        ("会議", "roompulse-01234567-2023-11-14.csv"),
        ("../../etc/passwd", "roompulse-..-..-etc-passwd-01234567-2023-11-14.csv"),
        ("a\u202eb", "roompulse-a-b-01234567-2023-11-14.csv"),
    ],
)
def test_a_file_name_is_safe(meeting_id: str, expected: str) -> None:
    assert file_name(meeting_id) == expected


def test_meetings_whose_ids_lose_their_characters_have_different_files() -> None:
    assert file_name("会議", UIDS[0]) != file_name("朝会", UIDS[1])
