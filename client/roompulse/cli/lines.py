"""Updates as plain lines, for a file or a pipe: one when something changes, and else now and then."""

from roompulse.cli import figures
from roompulse.cli.output import Output
from roompulse.cli.tally import Tally, reason_of
from roompulse.remedies import why
from roompulse.results import Update

EVERY_S = 10.0  # of the meeting, between two lines of one participant


class Lines:
    """Prints updates; the first of everybody, then each change of what is seen, and one every ten seconds."""

    def __init__(self, tally: Tally, output: Output) -> None:
        """Keep where names come from, and where to print."""
        self._tally, self._output = tally, output
        self._last: dict[str, tuple[float, object]] = {}

    def add(self, update: Update) -> None:
        """Print the update, if a line is due."""
        state = (update.presence, reason_of(update) if update.score is None else None)
        before_s, before = self._last.get(update.participant_id, (0.0, None))
        if state != before or update.meeting_offset_s >= before_s + EVERY_S:
            self._last[update.participant_id] = update.meeting_offset_s, state
            self._output.say(self._line(update))

    def _line(self, update: Update) -> str:
        score = figures.number(update.score) if update.score is not None else f"no score: {why(reason_of(update))}"
        shown = figures.expression(update.affect.smoothed if update.affect else None)
        name = self._tally.name(update.participant_id)
        return f"{figures.clock(update.meeting_offset_s)}  {name}  {score}  {figures.sees(update)}  {shown}"
