"""What a report may say of consent: a sentence for each thing that the record holds, and none that it does not."""

from collections.abc import Iterator, Sequence

from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.report.naming import Named
from roompulse_server.report.sentence import clock, counted, listed, sentence


def consent_sentences(summary: MeetingSummary, people: Sequence[Named]) -> Iterator[str]:
    """Yield what is recorded of the consent of those whose pictures were analysed."""
    basis = summary.consent_basis
    if not basis.analyzed:
        yield "Nobody’s pictures were analysed."
        return
    if basis.granted == basis.analyzed:
        yield "Consent was on record for everybody whose pictures were analysed, for as long as they were."
    elif basis.granted:
        yield f"For {_people(basis.granted)}, consent was on record for as long as their pictures were analysed."
    if basis.attested:
        yield (
            f"For {_people(basis.attested)} found in the pictures of a room or gallery, no consent of their own is on "
            "record: whoever ran the meeting attested that everybody had agreed."
        )
    if basis.unrecorded:
        yield from _unrecorded(basis.unrecorded, people)


def _unrecorded(count: int, people: Sequence[Named]) -> Iterator[str]:
    times = [(name, person.without_consent_us) for name, person in people if person.without_consent_us]
    who = listed([f"{name} ({clock(time_us)})" for name, time_us in times])
    text = f"the pictures of {_people(count)} were analysed while no consent was on record"
    yield sentence(f"{text}: {who}" if who else text)


def _people(count: int) -> str:
    return counted(count, "person", "people")
