"""What the demo shows for an update."""

import io

from google.protobuf.duration_pb2 import Duration
from rich.cells import cell_len
from rich.console import Console
from roompulse.contract.codec import from_proto
from roompulse.results import Update
from roompulse.v1 import update_pb2

from demo.screen import Screen


def update(at_s: int, **engagement: float) -> Update:
    return from_proto(
        Update,
        update_pb2.ParticipantUpdate(
            participant_id="grace",
            meeting_offset=Duration(seconds=at_s),
            engagement=update_pb2.Engagement(**engagement),  # type: ignore[arg-type]  # floats, and one enumeration
            affect=update_pb2.Affect(smoothed=update_pb2.Expressions(neutral=0.25, happiness=0.75)),
        ),
    )


def scored(at_s: int) -> Update:
    return update(at_s, score=0.72, facing=0.8, expression=0.9)


def plain() -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(Console(file=out, width=120), ["grace", "eileen"]), out


def test_a_score_is_shown_with_what_it_is_made_of() -> None:
    screen, out = plain()
    screen.show(scored(65))
    assert " ".join(out.getvalue().split()) == "1:05.0 grace 0.72 = 0.80 facing × 0.90 face happiness 75 %"


def test_a_missing_score_is_shown_as_its_reason_never_as_a_number() -> None:
    screen, out = plain()
    screen.show(update(3, no_score_reason=update_pb2.NO_SCORE_REASON_CAMERA_OFF))
    assert "no score: camera off" in out.getvalue()
    assert "0.0" not in out.getvalue()


def test_plain_lines_come_now_and_then_and_all_updates_count() -> None:
    screen, out = plain()
    for at_s in range(60):
        screen.show(scored(at_s))
    assert len(out.getvalue().splitlines()) == 3
    assert (screen.rows["grace"].updates, screen.rows["grace"].scores) == (60, 60)
    assert screen.rows["eileen"].updates == 0


def test_the_table_fits_a_narrow_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80)
    screen = Screen(console, ["grace"])
    for at_s in range(120):
        screen.rows["grace"].take(scored(at_s))
    console.print(screen.table())
    assert "0.72 = 0.80 facing × 0.90 face" in out.getvalue()
    assert "▆" in out.getvalue()
    assert all(cell_len(line) <= 80 for line in out.getvalue().splitlines())
