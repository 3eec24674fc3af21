"""What the record says of the consent of those who were analysed: what a report may claim, and no more."""

from collections.abc import Iterable

import numpy as np
from roompulse_vision.enumerations import Presence

from roompulse_server.insight.summary.camera import pictured
from roompulse_server.insight.summary.roster import Attendee
from roompulse_server.insight.summary.summary_types import ConsentBasis
from roompulse_server.types import ATTESTED, ConsentState, EventKind

_NEVER_US = np.iinfo(np.int64).max


def without_consent_us(attendee: Attendee) -> int:
    """Return how long pictures were analysed before the first consent was recorded.

    In a stream that had waited for consent, and said so by NO_CONSENT, it was there: such a consent may be dated by
    another clock than a recording's updates.
    """
    holding = attendee.holding
    granted_us = min(
        (
            event.offset_us
            for event in attendee.events
            if event.kind is EventKind.CONSENT_CHANGED
            and event.consent is not None
            and event.consent.state is ConsentState.GRANTED
        ),
        default=_NEVER_US,
    )
    early = pictured(holding) & (holding.start_us < granted_us)
    for epoch in np.unique(holding.series.epoch[early]):
        own = holding.series.epoch == epoch
        early &= ~(own & np.logical_or.accumulate(own & (holding.series.presence == Presence.NO_CONSENT)))
    return int((np.minimum(holding.stop_us, granted_us) - holding.start_us)[early].sum())


def consent_basis_of(roster: Iterable[Attendee]) -> ConsentBasis:
    """Count those whose pictures were analysed by what is recorded of their consent."""
    analyzed = [one for one in roster if pictured(one.holding).any()]
    unrecorded = [without_consent_us(one) > 0 for one in analyzed]
    attested = [one.participant.consent.recorded_by == ATTESTED for one in analyzed]
    by_word = sum(said and not missing for said, missing in zip(attested, unrecorded, strict=True))
    missing = sum(unrecorded)
    return ConsentBasis(len(analyzed), len(analyzed) - missing - by_word, by_word, missing)
