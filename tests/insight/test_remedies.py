"""Every reason has its sentence, with a remedy."""

from roompulse_server.insight.scoring.gate import REASONS
from roompulse_server.insight.summary.remedies import reason_in_words, remedy
from roompulse_server.types import NoScoreReason
from roompulse_vision.enumerations import Presence


def test_every_reason_has_a_sentence_of_its_own() -> None:
    sentences = {remedy(reason) for reason in NoScoreReason}
    assert len(sentences) == len(NoScoreReason)
    assert all(sentence.endswith(".") and len(sentence) < 120 for sentence in sentences)
    assert len({reason_in_words(reason) for reason in NoScoreReason}) == len(NoScoreReason)


def test_every_state_has_a_reason() -> None:
    assert set(REASONS) == set(Presence)
