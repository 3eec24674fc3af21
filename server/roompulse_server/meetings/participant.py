"""A participant while a stream is open: the pure scorer, and the place in the record its readings get."""

from dataclasses import dataclass

from roompulse_vision.enumerations import Presence
from roompulse_vision.observation import Stamp
from roompulse_vision.types import FaceReading

from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.types import FaceObservation, Participant, Reading, Update

FILL_US = 1_000_000  # a state that brings no pictures (camera off …) is recorded this often at most


@dataclass(frozen=True, slots=True)
class Instant:
    """A stamp, and the service's time when it is looked at."""

    stamp: Stamp
    now_us: int

    @property
    def offset_us(self) -> int:
        return self.stamp.offset_us


class ParticipantState:
    """Gives readings their sequence; offsets never fall. `row` is as the record opened it, with the new epoch."""

    def __init__(self, row: Participant, scorer: ParticipantScorer, offset_us: int) -> None:
        self.row = row
        self.scorer = scorer
        self.sequence = row.last_sequence
        self.opened_us = self.offset_us = max(row.last_offset_us or 0, offset_us)
        self.analysed_us: int | None = None  # offset of the last analysis
        self.checkpointed_us = self.offset_us
        self.learnt = False  # something that no checkpoint has yet; a state that goes on teaches nothing
        self.state: Presence | None = None  # a state without pictures
        if row.checkpoint:
            scorer.restore(row.checkpoint)

    @property
    def id(self) -> str:
        return self.row.id

    def observe(
        self, moment: Instant, presence: Presence, face: FaceReading | None, speaking: bool | None, packet: int
    ) -> Update:
        """Score an analysed picture."""
        self.state, self.learnt = None, True
        offset_us = self._advance(moment.offset_us)
        self.analysed_us = offset_us
        reading = self.scorer.observe(FaceObservation(offset_us / 1e6, presence, face, speaking))
        return self._update(moment, reading, 0, speaking, packet)

    def note(self, moment: Instant, presence: Presence, face: FaceReading | None, speaking: bool | None) -> None:
        """Score an analysed picture that brings no update of its own."""
        self.state, self.learnt = None, True
        self.analysed_us = self._advance(moment.offset_us)
        self.scorer.observe(FaceObservation(self.offset_us / 1e6, presence, face, speaking))

    def enter(self, moment: Instant, state: Presence) -> Update:
        """Enter a state without pictures, and keep it until a picture or another state comes."""
        self.state, self.learnt = state, self.learnt or state is not self.state
        reading = self.scorer.observe(FaceObservation(self._advance(moment.offset_us) / 1e6, state))
        return self._update(moment, reading, 0, None, None)

    def fill(self, until_us: int, began_us: int) -> Update | None:
        """Return an update in whole seconds, the last up to `until_us`, which says that the present state goes on.

        It is one, however long ago the one before was: a state lasts from one update of it to the next, in roll-ups
        and summaries too. So what a sender says about time costs nobody anything.
        """
        seconds = (until_us - self.offset_us) // FILL_US
        if self.state is None or seconds < 1:
            return None
        at_us = self.offset_us + seconds * FILL_US
        moment = Instant(Stamp(at_us, began_us + at_us, began_us + at_us), began_us + at_us)
        return self.enter(moment, self.state)

    def refresh(self, moment: Instant) -> Update:
        """Return what is known now although no picture was analysed: the window slides, the analysis ages."""
        offset_us = self._advance(moment.offset_us)
        reading = self.scorer.at(offset_us / 1e6)
        return self._update(moment, reading, offset_us - (self.analysed_us or offset_us), None, None)

    def _advance(self, offset_us: int) -> int:
        self.offset_us = max(self.offset_us, offset_us)
        return self.offset_us

    def _update(
        self, moment: Instant, reading: Reading, age_us: int, speaking: bool | None, packet: int | None
    ) -> Update:
        self.sequence += 1
        return Update(
            participant=self.id,
            sequence=self.sequence,
            epoch=self.row.epoch,
            capture_us=moment.stamp.capture_us,
            receive_us=moment.stamp.receive_us,
            offset_us=self.offset_us,
            analysis_age_us=age_us,
            reading=reading,
            speaking=speaking,
            packet_index=packet,
            scoring_latency_us=max(0, moment.now_us - moment.stamp.receive_us) if packet is not None else None,
        )
