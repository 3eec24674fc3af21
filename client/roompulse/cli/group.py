"""The group of commands, `roompulse`."""

import click

from roompulse.cli.lazy_group import LazyGroup, Place


def _place(name: str, summary: str) -> Place:
    return Place(f"roompulse.cli.{name}", name, summary)


COMMANDS = {
    "stream": _place("stream", "Stream a video as a participant of a meeting."),
    "image": _place("image", "Read the faces of still pictures."),
    "check": _place("check", "Check a video before it is streamed."),
    "watch": _place("watch", "Watch a meeting live."),
    "meetings": _place("meetings", "List meetings, newest first."),
    "participants": _place("participants", "List who is or was in a meeting."),
    "summary": _place("summary", "Sum a meeting up, as tables or as a report file."),
    "export": _place("export", "Write every recorded update as a row."),
    "end": _place("end", "End a meeting."),
    "notice": _place("notice", "Print what people are to be told."),
    "consent": _place("consent", "Record what a participant said about being analysed."),
    "delete": _place("delete", "Erase a meeting, or one participant."),
    "audit": _place("audit", "List what was done to people's data."),
}


@click.group(
    cls=LazyGroup,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="roompulse")
def cli() -> None:
    """The pulse of the room: a meeting's video in, explainable engagement out."""
