"""Cards of engagement networks: the published one is as published, and a wrong one is named with its key."""

import pathlib
import re

import numpy as np
import pytest
from attention_samples import drawn, engagement_card, keras, placed_network
from roompulse_vision.errors import ModelError
from roompulse_vision.faces import registry
from roompulse_vision.faces.attention_file import write_layers
from roompulse_vision.faces.card import CARDS, parse_card
from roompulse_vision.faces.checksum import Checksum
from roompulse_vision.faces.engagement_card import parse_engagement_card
from roompulse_vision.faces.registry import State

COMMIT = "f1df0e8548c666d268826e50b7de107fd5553e9d"
SIZE = 24


def test_the_published_networks_card_says_what_is_published() -> None:
    card = parse_engagement_card(CARDS / "emotiefflib-attention.toml")
    assert (card.name, card.formula) == ("emotiefflib-attention", "emotiefflib-attention-1")
    assert (card.checksum.kind, card.checksum.value) == ("git_blob", "25921a298a0ea8cd6761960ef7233aae071d7ec8")
    path = "models/engagement_classification/engagement_single_attention.h5"
    assert card.url == f"https://github.com/sb-ai-lab/EmotiEffLib/raw/{COMMIT}/{path}"
    assert COMMIT in card.source
    assert "Apache-2.0" in card.licence
    assert (card.models, card.size, card.window) == (("enet_b0_8_best_afew",), 1280, 128)
    assert card.classes == ("distracted", "engaged")
    assert "which of its classes means engaged" in card.caution
    assert parse_card(CARDS / f"{card.models[0]}.toml").output.embedding is not None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"kind": '"emotion"'}, "kind: expected one of engagement, found 'emotion'"),
        ({"formula": '"a b"'}, "formula: expected 1 to 48 letters, digits, dots, dashes or underscores, found 'a b'"),
        ({"formula": '"emotiefflib-attention-1"'}, "formula: expected an id of its own (scores are told apart by it"),
        (
            {"output.classes": '["a", "b"]'},
            "output.classes: expected two or more distinct names, one of them 'engaged'",
        ),
        ({"output.classes": '["engaged"]'}, "output.classes: expected two or more"),
        ({"output.classes": '["engaged", "engaged"]'}, "output.classes: expected two or more"),
        ({"embedding.size": "0"}, "embedding.size: expected a whole number above 0, found 0"),
        ({"embedding.window": '"all"'}, "embedding.window: expected a whole number above 0, found 'all'"),
        ({"embedding.models": '"tiny"'}, "embedding.models: expected a list of texts, found 'tiny'"),
        ({"embedding.models": "[]"}, "embedding.models: expected the names of emotion models, found []"),
        ({"url": '"ftp://x"'}, "url: expected an address that begins with https:// or http://, found 'ftp://x'"),
    ],
)
def test_a_wrong_card_is_named_with_its_key(tmp_path: pathlib.Path, changes: dict[str, str], found: str) -> None:
    card = placed_network(tmp_path, drawn(SIZE), changes=changes)
    with pytest.raises(ModelError, match=re.escape(f"model card {card}, {found}")):
        parse_engagement_card(card)


def test_a_network_of_ones_own_needs_no_conversion(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "mine.npz"
    write_layers(file, drawn(SIZE), Checksum("sha256", "0" * 64))
    card = tmp_path / "mine.toml"
    card.write_text(engagement_card(file.read_bytes(), SIZE, changes={"file": '"mine.npz"'}))
    registry.prove(registry.named("mine", [tmp_path]), [tmp_path])
    file.write_bytes(file.read_bytes()[:-1])
    assert registry.named("mine", [tmp_path]).state is State.DAMAGED
    with pytest.raises(ModelError, match=r"mine\.npz: expected SHA-256 .* bytes\); fetch it again"):
        registry.find_engagement_network("mine", [tmp_path])


def test_its_file_may_lie_in_any_folder_and_must_be_made_from_the_cards(tmp_path: pathlib.Path) -> None:
    cards, files = tmp_path / "cards", tmp_path / "files"
    cards.mkdir()
    files.mkdir()
    card = placed_network(cards, drawn(SIZE))
    folders = [cards, files]
    with pytest.raises(ModelError, match=r"attention\.npz: .* found none; `roompulse-server models convert tiny-att"):
        registry.find_engagement_network("tiny-attention", folders)
    registry.convert(card, folders).rename(files / "attention.npz")
    assert registry.find_engagement_network("tiny-attention", folders).card.formula == "tiny-attention-1"
    other = keras(cards / "attention.h5", drawn(SIZE, seed=4))
    card.write_text(engagement_card(other, SIZE))
    item = registry.named("tiny-attention", folders)
    assert item.state is State.DAMAGED
    assert "attention.npz: expected it to be made from SHA-256" in item.detail
    assert item.detail.endswith("convert it again")
    with pytest.raises(ModelError, match="expected it to be made from SHA-256"):
        registry.prove(item, folders)


def test_kinds_are_not_taken_for_one_another(tmp_path: pathlib.Path) -> None:
    card = placed_network(tmp_path, drawn(SIZE))
    with pytest.raises(ModelError, match="expected an emotion model, found an engagement network"):
        registry.find_emotion_model(str(card), [])
    for name, found in (("yunet", "a detector"), ("roompulse-fer", "an emotion model")):
        with pytest.raises(ModelError, match=f"engagement '{name}': expected an engagement network, found {found}"):
            registry.find_engagement_network(name, [])


@pytest.mark.parametrize(
    ("name", "array", "found"),
    [
        ("e/kernel", np.zeros((SIZE, 1), np.float32), rf"'e/kernel' .* shape \({2 * SIZE}, 1\) .*found float32 of .*"),
        ("dense/bias", np.zeros(3, np.float32), r"'dense/bias' .* of shape \(2,\)"),
        ("e/bias", np.zeros(1, np.int64), r"'e/bias' to be floating-point numbers .*found int64"),
        ("dense/kernel", np.full((16, 2), np.nan, np.float32), r"in 'dense/kernel', found 32 of 32 that are not"),
    ],
)
def test_layers_that_do_not_fit_are_refused(tmp_path: pathlib.Path, name: str, array: np.ndarray, found: str) -> None:
    file = tmp_path / "mine.npz"
    np.savez(file, **{**drawn(SIZE), name: array})  # type: ignore[arg-type]
    (tmp_path / "mine.toml").write_text(engagement_card(file.read_bytes(), SIZE, changes={"file": '"mine.npz"'}))
    with pytest.raises(ModelError, match=found):
        registry.find_engagement_network("mine", [tmp_path])


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive"])
def test_what_is_no_archive_is_refused(tmp_path: pathlib.Path, data: bytes) -> None:
    (tmp_path / "mine.npz").write_bytes(data)
    (tmp_path / "mine.toml").write_text(engagement_card(data, SIZE, changes={"file": '"mine.npz"'}))
    with pytest.raises(ModelError, match=r"mine\.npz: expected a readable \.npz file, found"):
        registry.find_engagement_network("mine", [tmp_path])


def test_an_archive_that_says_no_source_is_no_converted_file(tmp_path: pathlib.Path) -> None:
    placed_network(tmp_path, drawn(SIZE))
    np.savez(tmp_path / "attention.npz", **drawn(SIZE))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"attention\.npz: expected 'source', what it was made from, found e/kernel"):
        registry.find_engagement_network("tiny-attention", [tmp_path])
