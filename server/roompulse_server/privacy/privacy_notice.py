"""The text that tells people what is done with their picture (EU AI Act, Art. 50(3); GDPR, Art. 13). Pure."""

import hashlib
from dataclasses import dataclass

from roompulse_server.types import Purpose

LANGUAGE = "en"
_UNITS = ((86_400, "days"), (3600, "hours"), (60, "minutes"))
_FOR = {
    Purpose.RESEARCH: "for research that you were asked to take part in",
    Purpose.SELF_VIEW: "so that you can look at your own values",
    Purpose.AUDIENCE_FEEDBACK: "to give the organisers of this event feedback on how it was received",
    Purpose.MEDICAL: "for a medical purpose",
    Purpose.SAFETY: "for a safety purpose",
    Purpose.WORKPLACE_MONITORING: "to observe people at work, for the medical or safety reason you were told",
    Purpose.EDUCATION: "to observe people who are taught, for the medical or safety reason you were told",
}
_WHAT = (
    "In this meeting a computer program looks at faces. It is an emotion recognition system in the sense of the EU AI "
    "Act. From the pictures of a camera it estimates which expression a face shows (for example neutral or happy), how "
    "pleasant and how lively it looks, which facial muscles seem active, and whether the head is turned to the screen. "
    "It makes a number from that, called engagement. It is used {purpose}, and for nothing else."
)
_LIMITS = (
    "These are guesses about what a face looks like, not about what you feel or think. They are often wrong. They must "
    "not be used to judge you. The program does not recognise who you are and does not listen."
)
_KEPT = "Pictures are looked at and thrown away at once; none is stored. {values} {retention}"
_PERSONAL = "Numbers are stored under the name or id that the meeting uses for you."
_AGGREGATE = "Only numbers about groups of {min_group} or more people can be seen by others, none about you alone."
_CONSENT = (
    "Nothing is analysed without your consent. You need not give it, and may take it back at any time: analysis of "
    "your picture then stops at once, and you can have all that is stored about you erased. Tell the organisers."
)
_NO_CONSENT = (
    "You may refuse at any time: analysis of your picture then stops at once, and you can have all that is stored "
    "about you erased. Tell the organisers."
)


@dataclass(frozen=True, slots=True)
class PrivacyNotice:
    """`version` changes with every word of the text; it fits Consent.wording_version."""

    text: str
    language: str
    version: str
    purpose: Purpose
    consent_required: bool


def notice_of(
    purpose: Purpose, *, aggregate_only: bool, min_group: int, retention_s: float, consent_required: bool
) -> PrivacyNotice:
    """Return the notice for a meeting's purpose and settings.

    Args:
        purpose: What the meeting is analysed for; not UNSPECIFIED.
        aggregate_only: Whether only roll-ups leave the service.
        min_group: People in the smallest such roll-up.
        retention_s: How long after the meeting's end the numbers are kept, seconds; inf: until deleted.
        consent_required: Whether nobody is analysed who was not asked.
    """
    values = _AGGREGATE.format(min_group=min_group) if aggregate_only else _PERSONAL
    paragraphs = (
        _WHAT.format(purpose=_FOR[purpose]),
        _LIMITS,
        _KEPT.format(values=values, retention=_retention(retention_s)),
        _CONSENT if consent_required else _NO_CONSENT,
    )
    text = "\n\n".join(paragraphs)
    version = f"{LANGUAGE}-{purpose.name.lower()}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return PrivacyNotice(text, LANGUAGE, version, purpose, consent_required)


def _retention(retention_s: float) -> str:
    if retention_s == float("inf"):
        return "They are kept until somebody deletes them."
    length_s, unit = next(((s, unit) for s, unit in _UNITS if retention_s >= 2 * s), (1, "seconds"))
    return f"They are deleted {retention_s / length_s:.0f} {unit} after the meeting."
