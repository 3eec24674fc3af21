"""Names stand for cards: the package's, then those of the folders; published ones are as published."""

import pathlib
import re

import pytest
from onnx_samples import emotieff_card, emotieff_model, placed
from roompulse_vision.errors import ModelError
from roompulse_vision.faces import registry
from roompulse_vision.faces.card import CARDS, LAST_GEMM_INPUT, Colour, parse_card
from roompulse_vision.faces.crop import BoxCrop, Resize
from roompulse_vision.faces.registry import State
from roompulse_vision.types import LABELS
from shared_data import MODELS, needs_shared
from vision_samples import DYNAMIC, STATIC

MODEL = emotieff_model(112)
COMMIT = "f1df0e8548c666d268826e50b7de107fd5553e9d"
# EmotiEffLib, models/affectnet_emotions/onnx: git blob id, input size, classes, has valence and arousal
PUBLISHED = {
    "enet_b0_8_best_afew": ("d87faf71e8756d68c701ffd88b4cde4be460f57d", 224, 8, False),
    "enet_b0_8_best_vgaf": ("49772db4e87ee6df57087fba131832a959e5c64d", 224, 8, False),
    "enet_b0_8_va_mtl": ("7ce9d6dd5b82b260bc19bfe7822a6ffa1abb6011", 224, 8, True),
    "enet_b2_7": ("cdd6a6070b72ed2e59e15e810ae0ecdbcb0f7626", 260, 7, False),
    "enet_b2_8": ("a7cb612cbab1ce3d50dd52e57285fb2c7ea6d0d9", 260, 8, False),
    "mbf_va_mtl": ("194db927ec135679e5cd0a267c5605e2e9d68e7e", 112, 8, True),
    "mobilevit_va_mtl": ("bed5781a1af9924536638ac3786603e124ee900e", 224, 8, True),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_models_card_says_what_is_published(name: str) -> None:
    blob, size, classes, affect = PUBLISHED[name]
    card = parse_card(CARDS / f"{name}.toml")
    assert (card.name, card.file.name) == (name, f"{name}.onnx")
    assert (card.checksum.kind, card.checksum.value) == ("git_blob", blob)
    folder = f"https://github.com/sb-ai-lab/EmotiEffLib/raw/{COMMIT}/models/affectnet_emotions/onnx"
    assert card.url == f"{folder}/{name}.onnx"
    assert COMMIT in card.source
    assert "Apache-2.0" in card.licence
    spec = card.input
    assert (spec.name, spec.size, spec.colour, spec.resize) == ("input", size, Colour.RGB, Resize.BILINEAR_STRETCH)
    normal = ((0.5,) * 3, (0.5,) * 3) if name.startswith("mbf_") else ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert (spec.mean, spec.std) == normal
    output = card.output
    assert list(output.labels) == sorted(output.labels)  # theirs is the alphabet's order
    assert set(output.labels) == set(LABELS[:8]) - (set() if classes == 8 else {"contempt"})
    assert (output.valence, output.arousal) == ((8, 9) if affect else (None, None))
    assert output.columns == classes + 2 * affect
    assert (output.scores, output.embedding) == ("output", LAST_GEMM_INPUT)
    assert card.crops == {"yunet": BoxCrop(0), "haar": BoxCrop(0)}


def test_every_name_is_known_and_its_state_told() -> None:
    states = {item.name: item.state for item in registry.entries([])}
    assert set(states) == {*PUBLISHED, "roompulse-fer", "yunet", "yunet-640", "emotiefflib-attention"}
    assert states["roompulse-fer"] is State.SHIPPED
    assert {state for name, state in states.items() if name != "roompulse-fer"} == {State.MISSING}


@needs_shared
def test_what_is_beside_the_project_is_found_and_proved() -> None:
    items = {item.name: item for item in registry.entries([MODELS])}
    assert (items["yunet"].file, items["yunet-640"].file) == (DYNAMIC, STATIC)
    for name in ("yunet", "yunet-640", "roompulse-fer", str(MODELS / "roompulse-fer.toml")):
        registry.prove(items[name], [MODELS])
    strangers = registry.strangers(list(items.values()), [MODELS])
    assert [file.name for file in strangers] == ["roompulse-fer-fp32.onnx", "roompulse-fer-int8.onnx"]


def test_a_model_of_ones_own_is_found_by_name_or_path(tmp_path: pathlib.Path) -> None:
    card = placed(tmp_path, MODEL, emotieff_card(MODEL, 112))
    by_name, by_path = (registry.find_emotion_model(what, [tmp_path]) for what in ("tiny", str(card)))
    assert by_name == by_path
    assert by_name.file == tmp_path / "tiny.onnx"
    item = registry.named("tiny", [tmp_path])
    assert (item.state, item.kind, item.licence, item.source) == (State.FOUND, "emotion", "made by a test", "a test")
    registry.prove(item, [tmp_path])


def test_a_fetched_file_is_sought_in_every_folder(tmp_path: pathlib.Path) -> None:
    cards, files = tmp_path / "cards", tmp_path / "files"
    cards.mkdir()
    files.mkdir()
    card = placed(cards, MODEL, emotieff_card(MODEL, 112, url="http://127.0.0.1:1/never"))
    (cards / "tiny.onnx").rename(files / "tiny.onnx")
    assert registry.find_emotion_model("tiny", [cards, files]).file == files / "tiny.onnx"
    with pytest.raises(
        ModelError, match=r"tiny\.onnx: expected a file with SHA-256 .* `roompulse-server models pull tiny`"
    ):
        registry.find_emotion_model(str(card), [cards])


@pytest.mark.parametrize("name", ["nobody", "no/body", "..", "", "-h"])
def test_an_unknown_name_is_told_the_known_ones(name: str) -> None:
    with pytest.raises(
        ModelError,
        match=rf"model {re.escape(repr(name))}: .* one of emotiefflib-attention, enet_b0_8_best_afew, .* yunet",
    ):
        registry.find_card(name, [])


def test_a_card_in_a_folder_takes_no_published_name(tmp_path: pathlib.Path) -> None:
    card = placed(tmp_path, MODEL, emotieff_card(MODEL, 112)).rename(tmp_path / "enet_b2_8.toml")
    assert registry.find_card("enet_b2_8", [tmp_path]) == CARDS / "enet_b2_8.toml"
    items = {item.name: item for item in registry.entries([tmp_path])}
    assert items["enet_b2_8"].state is State.MISSING
    assert items[str(card)].state is State.FOUND  # to be used by its path


def test_a_detector_is_no_emotion_model() -> None:
    with pytest.raises(ModelError, match="'yunet': expected an emotion model, found a detector"):
        registry.find_emotion_model("yunet", [])


def test_a_card_that_cannot_be_read_is_told_and_hides_no_other(tmp_path: pathlib.Path) -> None:
    (tmp_path / "broken.toml").write_text("name = ")
    placed(tmp_path, MODEL[:-1], emotieff_card(MODEL, 112))
    items = {item.name: item for item in registry.entries([tmp_path])}
    assert items["broken"].state is items["tiny"].state is State.DAMAGED
    assert "expected a readable TOML file" in items["broken"].detail
    assert f"({len(MODEL) - 1} bytes)" in items["tiny"].detail
    assert items["roompulse-fer"].state is State.SHIPPED
    for name in ("broken", "tiny"):
        with pytest.raises(ModelError):
            registry.prove(items[name], [tmp_path])


def test_adding_copies_a_proved_model_whole(tmp_path: pathlib.Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "folder"
    source.mkdir()
    card = placed(source, MODEL, emotieff_card(MODEL, 112))
    (source / "tiny.onnx").rename(source / "mine.onnx")
    added = registry.add(source / "mine.onnx", card, folder)
    assert added == registry.find_emotion_model("tiny", [folder])
    assert sorted(file.name for file in folder.iterdir()) == ["tiny.onnx", "tiny.toml"]
    assert registry.add(source / "mine.onnx", card, folder) == added  # again: the same


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"name": '"enet_b2_8"'}, "expected a name of its own, found 'enet_b2_8'"),
        ({"name": '"a/b"'}, "without slashes, found 'a/b'"),
        ({"file": '"../tiny.onnx"'}, "without slashes, found 'tiny', '../tiny.onnx'"),
        ({"input.size": "224"}, r"shape (any batch, 3, 224, 224)"),
        ({"sha256": f'"{"0" * 64}"'}, f"expected SHA-256 {'0' * 64}, found"),
    ],
)
def test_adding_what_is_wrong_leaves_nothing(tmp_path: pathlib.Path, changes: dict[str, str], found: str) -> None:
    card = placed(tmp_path, MODEL, emotieff_card(MODEL, changes={"input.size": "112", **changes}))
    with pytest.raises(ModelError, match=re.escape(found)):
        registry.add(tmp_path / "tiny.onnx", card, tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


def test_two_models_cannot_share_a_file_name(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "folder"
    registry.add(tmp_path / "tiny.onnx", placed(tmp_path, MODEL, emotieff_card(MODEL, 112)), folder)
    other = placed(tmp_path, MODEL, emotieff_card(MODEL, 112, changes={"name": '"other"'}))
    with pytest.raises(ModelError, match=r"found 'tiny\.onnx', which another card names"):
        registry.add(tmp_path / "tiny.onnx", other, folder)
