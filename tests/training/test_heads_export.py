"""One file of backbone and heads: it says what the heads said in training, and the card says where."""

import dataclasses
import pathlib

import numpy as np
import pytest
from onnx_samples import EMOTIEFF_LABELS, emotieff_card, emotieff_model, placed
from roompulse_training.affwild import EXPRESSIONS
from roompulse_training.errors import DataError
from roompulse_training.heads.backbone import Backbone
from roompulse_training.heads.card_file import card_text
from roompulse_training.heads.dense import initial
from roompulse_training.heads.export import export
from roompulse_training.heads.frames import Inputs
from roompulse_training.heads.head import Head, Recipe, predicted, widths
from roompulse_training.heads.training import Choice
from roompulse_vision.enumerations import Provenance
from roompulse_vision.faces.card import CARDS, Activation, ModelCard, UnitOutput, parse_card, read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.types import ACTION_UNITS

FEATURES, LOGITS = 24, 8
THRESHOLDS = tuple(n / 20 for n in range(1, 13))


@pytest.fixture
def backbone(tmp_path: pathlib.Path) -> ModelCard:
    """A published model's twin: eight labels, valence and arousal as columns, the embedding inside."""
    model = emotieff_model(112)
    return read_card(placed(tmp_path, model, emotieff_card(model, 112)))


def head(inputs: Inputs, *tasks: str, hidden: tuple[int, ...] = ()) -> Head:
    columns = widths(tasks, 8)
    into = {Inputs.FEATURES: FEATURES, Inputs.LOGITS: LOGITS, Inputs.BOTH: FEATURES + LOGITS}[inputs]
    outputs = max(part.stop for part in columns.values())
    return Head(Recipe("some", inputs, tasks), initial((into, *hidden, outputs), np.random.default_rng(9)), columns)


def choice(**heads: Head) -> Choice:
    profile = tuple(map(float, range(8))) if "expr" in heads else ()
    return Choice(heads, 1.5, profile, THRESHOLDS if "au" in heads else ())


def crops() -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return list(np.random.default_rng(2).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8))


@pytest.mark.parametrize("inputs", Inputs)
def test_the_file_says_what_the_heads_said(inputs: Inputs, backbone: ModelCard, tmp_path: pathlib.Path) -> None:
    parts = {
        "expr": head(inputs, "expr", hidden=(5,)),
        "va": head(inputs, "va"),
        "au": head(inputs, "expr", "va", "au"),  # of a multi-task head its columns alone
    }
    made = export(tmp_path / "out", "mine", backbone, choice(**parts), EXPRESSIONS, "my own")
    before = Classifier(backbone).run(crops())
    assert before.embeddings is not None
    features, logits = before.embeddings, before.scores[:, :LOGITS]
    given = {Inputs.FEATURES: features, Inputs.LOGITS: logits, Inputs.BOTH: np.hstack([features, logits])}[inputs]
    served = Classifier(read_card(tmp_path / "out" / "mine.toml"))
    after = served.run(crops())
    assert after.feelings is not None
    assert after.units is not None
    assert after.embeddings is not None
    np.testing.assert_allclose(after.scores, parts["expr"].outputs("expr", given), atol=1e-5)
    np.testing.assert_allclose(after.feelings, predicted("va", parts["va"].outputs("va", given)), atol=1e-5)
    np.testing.assert_allclose(after.units, parts["au"].outputs("au", given), atol=1e-5)
    np.testing.assert_allclose(after.embeddings, features, atol=1e-6)
    (affect, *_) = served.infer(crops())
    assert affect.valence_arousal_provenance is affect.action_unit_provenance is Provenance.MODEL
    assert affect.action_units == pytest.approx(predicted("au", after.units)[0].tolist(), abs=1e-5)
    assert made.licence == "my own"


def test_what_were_columns_of_the_old_scores_goes_on(backbone: ModelCard, tmp_path: pathlib.Path) -> None:
    made = export(tmp_path, "mine", backbone, choice(expr=head(Inputs.FEATURES, "expr")), EXPRESSIONS)
    assert (made.output.valence, made.output.feelings) == (None, "head_valence_arousal")
    assert (made.output.labels, made.output.temperature) == (EXPRESSIONS, 1.5)
    assert made.neutral_logp == tuple(range(8))
    old, new = (Classifier(card).infer(crops())[0] for card in (backbone, made))
    assert (new.valence, new.arousal) == pytest.approx((old.valence, old.arousal), abs=1e-6)
    assert new.action_unit_provenance is Provenance.DERIVED


def test_expressions_of_the_backbone_stay_where_no_head_gives_any(backbone: ModelCard, tmp_path: pathlib.Path) -> None:
    made = export(tmp_path, "mine", backbone, choice(va=head(Inputs.LOGITS, "va")), EXPRESSIONS)
    assert (made.output.labels, made.output.temperature, made.output.columns) == (EMOTIEFF_LABELS, 1.0, 8)
    old, new = (Classifier(card).infer(crops())[0] for card in (backbone, made))
    assert new.probabilities == pytest.approx(old.probabilities, nan_ok=True)
    assert new.valence != pytest.approx(old.valence, abs=1e-4)


def test_heads_can_be_a_backbone_again(backbone: ModelCard, tmp_path: pathlib.Path) -> None:
    first = export(tmp_path, "one", backbone, choice(expr=head(Inputs.FEATURES, "expr")), EXPRESSIONS)
    second = export(tmp_path, "two", first, choice(expr=head(Inputs.LOGITS, "expr")), EXPRESSIONS)
    assert second.output.scores == "head_expressions_"
    assert Classifier(second).infer(crops())[0].valence_arousal_provenance is Provenance.MODEL


def test_a_model_without_an_embedding_is_no_backbone(backbone: ModelCard) -> None:
    bare = dataclasses.replace(backbone, output=dataclasses.replace(backbone.output, embedding=None))
    with pytest.raises(DataError, match=r"tiny: heads need a model whose card names an embedding"):
        Backbone(bare, None)


@pytest.mark.parametrize("path", [*CARDS.glob("enet*.toml"), CARDS / "roompulse-fer.toml"], ids=lambda path: path.stem)
def test_a_card_that_was_written_is_read_as_it_was(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    read = parse_card(path)
    units = UnitOutput(ACTION_UNITS[:2], (0.25, 0.5), None, 30, Activation.NONE)
    for output in (read.output, dataclasses.replace(read.output, action_units=units)):
        card = dataclasses.replace(read, output=output, file=tmp_path / read.file.name, source='a "quoted" one')
        (tmp_path / "card.toml").write_text(card_text(card), encoding="utf-8")
        assert parse_card(tmp_path / "card.toml") == card
