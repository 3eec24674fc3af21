"""A model card as the text that `vision.card.parse_card` reads."""

import json
from collections.abc import Iterator, Sequence

from roompulse_vision.faces.card import ModelCard, ModelOutput, UnitOutput
from roompulse_vision.faces.crop import CropRule, SquareCrop

Value = str | float | Sequence[str] | Sequence[float]


def card_text(card: ModelCard) -> str:
    """Return the card; its file is named without its folder, which is to be the card's own."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: ModelCard) -> Iterator[str]:
    yield from _keys(
        name=card.name, file=card.file.name, **{card.checksum.kind: card.checksum.value},
        **({"url": card.url} if card.url else {}),
        licence=card.licence, source=card.source, min_face_px=card.min_face_px,
    )  # fmt: skip
    spec = card.input
    yield "\n[input]"
    yield from _keys(
        name=spec.name, size=spec.size, colour=spec.colour.value, mean=spec.mean, std=spec.std, resize=spec.resize.value
    )
    for detector, rule in card.crops.items():
        yield f"\n[crop.{detector}]"
        yield from _crop(rule)
    yield "\n[output]"
    yield from _output(card.output)
    if card.neutral_logp:
        yield "\n[baseline]"
        yield from _keys(neutral_logp=card.neutral_logp)


def _crop(rule: CropRule) -> Iterator[str]:
    if isinstance(rule, SquareCrop):
        return _keys(rule="square", centre=rule.centre, side=rule.side)
    return _keys(rule="box", margin=rule.margin)


def _output(output: ModelOutput) -> Iterator[str]:
    optional: dict[str, Value | None] = {
        "valence": output.valence,
        "arousal": output.arousal,
        "valence_arousal": output.feelings,
        "embedding": output.embedding,
    }
    known = {key: value for key, value in optional.items() if value is not None}
    yield from _keys(scores=output.scores, labels=output.labels, temperature=output.temperature, **known)
    if output.action_units:
        yield "\n[output.action_units]"
        yield from _units(output.action_units)


def _units(spec: UnitOutput) -> Iterator[str]:
    place: dict[str, Value] = {"first": spec.first} if spec.output is None else {"output": spec.output}
    return _keys(**place, units=spec.units, thresholds=spec.thresholds, activation=spec.activation.value)


def _keys(**values: Value) -> Iterator[str]:
    for key, value in values.items():
        plain = value if isinstance(value, str | int | float) else list(value)
        yield f"{key} = {json.dumps(plain, ensure_ascii=False)}"  # texts, numbers and lists: TOML as much as JSON
