"""A meeting of twelve people with long names, Chinese names and numbers of many digits, for what shows them."""

import pathlib

from clips import stripes, write_clip
from fake_service import ThreadedService, an_update, key
from google.protobuf.duration_pb2 import Duration
from roompulse.sending.encoder import JpegEncoder, picture_of
from roompulse.v1 import common_pb2, summary_pb2, update_pb2
from roompulse.v1 import meeting_service_pb2 as meetings
from roompulse.v1 import privacy_pb2 as privacy
from roompulse.v1 import subscription_service_pb2 as subscriptions

PEOPLE = (
    "Ada", "Grace Brewster Murray Hopper, rear admiral of the United States Navy", "张伟" * 15,
    "محمد بن موسى الخوارزمي", "x" * 70, "Zoë 👩‍💻",
    *(f"{letter} participant with a name of the usual length" for letter in "bcdefg"),
)  # fmt: skip
AGREED = ("--purpose", "research", "--consent", "granted")


def duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=round(seconds % 1 * 1e9))


def summed() -> summary_pb2.MeetingSummary:
    summary = summary_pb2.MeetingSummary(
        meeting=key(), purpose=common_pb2.PURPOSE_RESEARCH, duration=duration(4321.5), engagement=0.6512,
        engagement_deviation=0.0432, engagement_median=0.6611, coverage=0.8712,
        expressions=update_pb2.Expressions(neutral=0.43, happiness=0.46, surprise=0.11), notes=["a note"],
    )  # fmt: skip
    for number in range(432):
        summary.timeline.add(start=duration(10 * number), length=duration(10), engagement_median=0.3 + number % 7 / 10)
    for number, name in enumerate(PEOPLE):
        add_person(summary, number, name)
    smile = summary.moments.add(
        kind=summary_pb2.Moment.KIND_SHARED_SMILE, p_value=0.0123, magnitude=0.75, rule="a rule"
    )
    smile.start.CopyFrom(duration(3671.4))
    smile.length.CopyFrom(duration(4))
    smile.participant_ids.extend(f"p{number}" for number in range(5))
    return summary


def add_person(summary: summary_pb2.MeetingSummary, number: int, name: str) -> None:
    person = summary.participants.add(
        participant_id=f"p{number}", display_name=name, attended=duration(4000.3 + number), present=duration(3456.7),
        coverage=0.81, valence=-0.123, valence_deviation=0.234, arousal=0.345, arousal_deviation=0.456,
        facing_share=0.789, longest_absence=duration(42.1), longest_absence_start=duration(65.2), synchrony=-0.35,
        expressions=update_pb2.Expressions(neutral=0.43, happiness=0.57), notes=[f"a note on {number}"],
        valence_arousal_provenance=common_pb2.PROVENANCE_DERIVED, action_unit_provenance=common_pb2.PROVENANCE_DERIVED,
    )  # fmt: skip
    person.engagement.mean, person.engagement.standard_deviation = 0.7123, 0.0534
    person.engagement.trend_per_minute, person.engagement.trend_standard_error = -0.0121, 0.0034
    for band in (1, 2, 3):
        person.engagement.bands.add(band=band, duration=duration(1000.5 * band))
    person.change.difference, person.change.standard_error, person.change.p_value = -0.1234, 0.0321, 0.0104
    person.no_score_times.add(reason=update_pb2.NO_SCORE_REASON_NO_FACE, duration=duration(800))
    person.no_score_times.add(reason=update_pb2.NO_SCORE_REASON_CAMERA_OFF, duration=duration(321))
    for unit in (1, 4, 12, 25):
        person.action_units.add(number=unit, probability=unit / 30)


class Crowd:
    """A service full of people, and the arguments of each command."""

    def __init__(self, folder: pathlib.Path) -> None:
        picture = folder / f"{'a long name ' * 8}.jpg"
        self.picture, self.clip = picture, write_clip(folder / "clip.mp4", pictures=30)
        picture.write_bytes(JpegEncoder().encode(picture_of(stripes(0, 640, 360))).data)

    def words(self, command: str) -> list[str]:
        files = {"image": str(self.picture), "check": str(self.clip), "stream": str(self.clip)}
        rest = {
            "image": AGREED,
            "check": AGREED,
            "stream": ("-m", "standup", "-p", "p1", "--name", PEOPLE[1], "--speed", "max", *AGREED),
        }
        meeting = ["standup"] if command in ("summary", "watch", "participants") else []
        return [command, *([files[command]] if command in files else meeting), *rest.get(command, ())]

    def rest(self, command: str) -> list[str]:
        """Return what stands after the command's name, for every command there is."""
        more = {"end": ["standup"], "notice": ["standup"], "export": ["standup"], "delete": ["standup", "--yes"]}
        more["consent"] = ["standup", "p1", "--refuse"]
        return more.get(command) or self.words(command)[1:]

    def fill(self, threaded: ThreadedService) -> None:
        service = threaded.service
        for name in ("standup", "x" * 90, "retro"):
            meeting = service.add_meeting(name)
            meeting.title, meeting.participant_count = PEOPLE[2], 12
            meeting.end_time.FromJsonString("2026-11-23T10:15:00Z")
        service.summary, service.faces = summed(), 12
        service.people = [
            meetings.Participant(
                id=f"p{number}-{'z' * 50}", display_name=name, number=number + 1, last_sequence=12_345 + number,
                consent=common_pb2.Consent(state=common_pb2.CONSENT_STATE_GRANTED, recorded_by=PEOPLE[1]),
                first_offset=duration(1.5), last_offset=duration(3725.5),
            )
            for number, name in enumerate(PEOPLE)
        ]  # fmt: skip
        service.entries = [
            privacy.AuditEntry(
                position=1000 + number, meeting_uid="abcdef" * 5 + "ab", participant_number=number + 1,
                action=privacy.AUDIT_ACTION_CONSENT_CHANGED, detail="granted, wording en-research-0123456789ab",
            )
            for number in range(12)
        ]  # fmt: skip
        response = subscriptions.SubscribeUpdatesResponse
        service.events = [
            response(
                update=an_update(person.id, 1, score=None if number % 5 == 3 else 0.7123, offset_s=3700.0 + number)
            )
            for number, person in enumerate(service.people)
        ]
