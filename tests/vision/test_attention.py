"""The network says what its definition says, of a track's newest embeddings, and only of the right model's."""

import dataclasses
import pathlib

import numpy as np
import pytest
from attention_samples import by_definition, drawn, placed_network
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_samples import FEATURES, emotieff_card, emotieff_model, placed
from roompulse_vision.errors import ModelError
from roompulse_vision.faces.attention import AttentionNetwork
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.detection import PixelBox
from roompulse_vision.faces.embedding_window import EmbeddingWindow
from roompulse_vision.faces.engagement_card import EngagementCard, parse_engagement_card
from roompulse_vision.faces.face_reader import FaceReader
from roompulse_vision.faces.inference import Floats
from vision_samples import Told


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> EngagementCard:
    return parse_engagement_card(placed_network(tmp_path_factory.mktemp("cards"), drawn(FEATURES)))


def network(card: EngagementCard, size: int, window: int, seed: int = 3, hidden: int = 16) -> AttentionNetwork:
    return AttentionNetwork(dataclasses.replace(card, size=size, window=window), drawn(size, hidden, seed=seed))


def embeddings(count: int, size: int, seed: int = 5) -> Floats:
    """Return embeddings like those of published models: after a swish, so mostly small, some large, few negative."""
    values = np.random.default_rng(seed).normal(0, 1.5, (count, size))
    return np.asarray(values / (1 + np.exp(-values)), np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(2, 30), st.integers(0, 2**16))
def test_it_computes_its_definition(card: EngagementCard, size: int, window: int, seed: int) -> None:
    rows = embeddings(window, size, seed)
    found = network(card, size, window, seed).probability(rows)
    assert found == pytest.approx(by_definition(drawn(size, seed=seed), rows)[1], abs=1e-6)


def test_it_computes_its_definition_at_the_published_size(card: EngagementCard) -> None:
    rows = embeddings(128, 1280)
    found = network(card, 1280, 128, hidden=512).probability(rows)
    assert found == pytest.approx(by_definition(drawn(1280, 512), rows)[1], abs=1e-6)
    assert 0.01 < found < 0.99


def test_the_card_says_which_class_is_engaged(card: EngagementCard) -> None:
    rows, layers = embeddings(128, FEATURES), drawn(FEATURES)
    turned = dataclasses.replace(card, classes=card.classes[::-1])
    found = AttentionNetwork(card, layers).probability(rows)
    assert AttentionNetwork(turned, layers).probability(rows) == pytest.approx(1 - found)


def test_a_window_is_read_from_its_last_embedding_on_and_holds_the_newest(card: EngagementCard) -> None:
    rows, window = embeddings(300, FEATURES), EmbeddingWindow(128)
    reading = AttentionNetwork(card, drawn(FEATURES))
    for number, row in enumerate(rows, 1):
        window.put(number / 5, row)
        found = reading.read(window)
        if number < 128:
            assert found is None
        elif number in (128, 129, 200, 300):
            assert found is not None
            newest = by_definition(drawn(FEATURES), rows[number - 128 : number])[1]
            assert found.probability == pytest.approx(newest, abs=1e-6)
            assert found.span_s == pytest.approx(127 / 5)


def test_weights_that_make_no_number_are_refused(card: EngagementCard) -> None:
    layers = drawn(FEATURES) | {"hidden_FC/kernel": np.full((2 * FEATURES, 16), 3e38, np.float32)}
    with pytest.raises(ModelError, match="tiny-attention: expected a probability for a made window, found nan"):
        AttentionNetwork(card, layers)


def test_every_track_has_a_window_of_its_own_and_takes_it_along(card: EngagementCard, tmp_path: pathlib.Path) -> None:
    model = emotieff_model(112)
    classifier = Classifier(read_card(placed(tmp_path, model, emotieff_card(model, 112))))
    boxes = [PixelBox(80, 100, 160, 200), PixelBox(500, 100, 150, 190)]
    times_s = (0.0, 0.2, 0.4, 0.6, 0.8, 9.0)  # then a gap that ends every track
    reader = FaceReader(Told([boxes] * len(times_s)), classifier, network(card, FEATURES, 3))
    watcher, rng = reader.watcher(every_face=True), np.random.default_rng(2)
    seen: dict[int, list[Floats]] = {}
    for at_s in times_s:
        look = watcher.look(rng.integers(0, 256, (400, 800, 3), np.uint8), at_s)
        for face, reading in zip(look.faces, reader.classify(look.faces), strict=True):
            assert face.crop is not None
            found = classifier.run([face.crop]).embeddings
            assert found is not None
            assert reading.affect is not None
            rows = seen.setdefault(reading.track, [])
            rows.append(found[0])
            if len(rows) < 3:
                assert reading.affect.engaged is None
            else:
                assert reading.affect.engaged is not None
                expected = by_definition(drawn(FEATURES), np.stack(rows[-3:]))[1]
                assert reading.affect.engaged.probability == pytest.approx(expected, abs=1e-5)
    assert [len(rows) for rows in seen.values()] == [5, 5, 1, 1]


def test_only_the_models_own_embeddings_are_taken(card: EngagementCard, tmp_path: pathlib.Path) -> None:
    model = emotieff_model(112)
    tiny = Classifier(read_card(placed(tmp_path, model, emotieff_card(model, 112))))
    AttentionNetwork(card, drawn(FEATURES)).check_fit(tiny)
    shipped = Classifier(read_card())
    mute = Classifier(
        dataclasses.replace(shipped.card, output=dataclasses.replace(shipped.card.output, embedding=None))
    )
    for other, size, found in (
        (shipped, 1280, "found roompulse-fer with one of 1280"),  # the size alone says nothing
        (mute, 1280, "found roompulse-fer with none"),
        (tiny, 20, f"found tiny with one of {FEATURES}"),
    ):
        expected = rf"expected the emotion model tiny with an embedding of {size} numbers .*, {found}"
        with pytest.raises(ModelError, match=expected):
            network(card, size, 128).check_fit(other)
