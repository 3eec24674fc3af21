"""Who may be looked at in a stream, and why nobody may. Pure."""

from dataclasses import dataclass

from roompulse_vision.enumerations import DropReason

from roompulse_server.types import Consent, ConsentState, Content
from roompulse_server.types.requests import StreamConfig


@dataclass(frozen=True, slots=True)
class ConsentPolicy:
    """The rules of one stream.

    `required`: a participant without a recorded consent is not analysed. `attested`: somebody answers for the consent
    of everybody whose face may be found.
    """

    config: StreamConfig
    required: bool
    attested: bool

    def granted(self, consent: Consent) -> bool:
        """Whether a participant with this consent is analysed."""
        state = consent.state
        return state is ConsentState.GRANTED or (state is ConsentState.UNSPECIFIED and not self.required)

    def may_look(self, own: Consent, tiles: int) -> bool:
        """Whether anybody in the pictures is analysed: `own` is the stream's participant, `tiles` those who consent."""
        if self.config.tiled:
            return tiles > 0
        if self.config.finds_faces:
            return self.attested and own.state in (ConsentState.GRANTED, ConsentState.UNSPECIFIED)
        return self.granted(own)

    def why_not(self, own: Consent, tiles: int, *, camera_on: bool) -> DropReason | None:
        """Return why packets are not analysed; None where they are."""
        if not camera_on:
            return DropReason.NOT_A_CAMERA
        return None if self.may_look(own, tiles) else DropReason.NO_CONSENT

    def warnings(self, participant: str, own: Consent, tiles: int) -> tuple[str, ...]:
        """Return, in words, why nothing would be analysed."""
        if self.config.content is not Content.CAMERA or self.may_look(own, tiles):
            return ()
        return (f"nothing is analysed: {self._obstacle(participant, own)}",)

    def _obstacle(self, participant: str, own: Consent) -> str:
        """Say which consent is missing, and what helps."""
        if own.state in (ConsentState.REFUSED, ConsentState.WITHDRAWN):
            return f"the recorded consent of {participant!r} is {own.state.name}; SetConsent records another one"
        if self.config.finds_faces:
            return "everyone_consented is not set, which says that everybody in the pictures has agreed"
        who = "any tile's participant" if self.config.tiled else f"{participant!r}"
        return f"no consent of {who} is recorded; the stream's configuration can state it"
