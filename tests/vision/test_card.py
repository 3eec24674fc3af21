"""A card says what is wrong with it: the file, the key, what was expected, what was found."""

import hashlib
import pathlib
import re
import tomllib

import pytest
from roompulse_vision.errors import ModelError
from roompulse_vision.faces.card import CARDS, FER_SIDE, SHIPPED, Activation, Colour, UnitOutput, parse_card, read_card
from roompulse_vision.faces.checksum import Checksum
from roompulse_vision.faces.crop import BoxCrop, SquareCrop
from roompulse_vision.types import LABELS
from shared_data import MODELS, ROOT, needs_shared

MODEL = b"the model"
GOOD = f"""
name = "some"
file = "some.onnx"
sha256 = "{hashlib.sha256(MODEL).hexdigest()}"
licence = "MIT"
source = "here"
min_face_px = 48
[input]
name = "input"
size = 224
colour = "rgb"
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
[crop.yunet]
rule = "box"
margin = 0.1
[crop.haar]
rule = "square"
centre = [0.5, 0.5]
side = [1, 0]
[output]
scores = "output"
labels = ["anger", "contempt", "other", "neutral"]
valence = 4
arousal = 5
temperature = 1.5
embedding = "features"
[output.action_units]
units = [12, 14, 25]
thresholds = [0.5, 0.7, 1]
first = 6
activation = "none"
[baseline]
neutral_logp = [1.0, 2.0, 3.0, 4.0]
"""


def written(folder: pathlib.Path, text: str, model: bytes = MODEL) -> pathlib.Path:
    (folder / "some.onnx").write_bytes(model)
    path = folder / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_card_is_right() -> None:
    card = read_card()
    assert card.name == "roompulse-fer"
    assert card.input.colour is Colour.GREY
    assert card.input.size == 48
    assert card.output.labels == LABELS[:8]
    assert set(card.crops) == {"yunet", "haar"}
    assert len(card.neutral_logp) == 8
    assert card.output.valence is None
    assert card.file.parent == SHIPPED.parent


def test_every_key_is_read(tmp_path: pathlib.Path) -> None:
    card = read_card(written(tmp_path, GOOD))
    assert card.file == tmp_path / "some.onnx"
    assert card.min_face_px == 48
    assert card.crops == {"yunet": BoxCrop(0.1), "haar": SquareCrop((0.5, 0.5), (1, 0))}
    assert (card.output.valence, card.output.arousal) == (4, 5)
    assert card.output.labels == ("anger", "contempt", "other", "neutral")
    assert card.output.temperature == 1.5
    assert card.output.embedding == "features"
    assert card.output.action_units == UnitOutput((12, 14, 25), (0.5, 0.7, 1), None, 6, Activation.NONE)
    assert card.output.columns == 9
    assert card.neutral_logp == (1, 2, 3, 4)
    assert card.licence == "MIT"
    assert card.source == "here"


def test_what_may_be_left_out(tmp_path: pathlib.Path) -> None:
    optional = ("valence =", "arousal =", "temperature =", "embedding =", "margin =")
    lines = GOOD.split("[output.action_units]")[0].splitlines()
    text = "\n".join(line for line in lines if not line.startswith(optional))
    card = read_card(written(tmp_path, text))
    assert card.output.temperature == 1
    assert card.output.embedding is None
    assert card.output.action_units is None
    assert card.neutral_logp == ()
    assert card.crops["yunet"] == BoxCrop(0)


def test_heads_may_be_outputs_of_their_own(tmp_path: pathlib.Path) -> None:
    text = GOOD.replace("valence = 4\narousal = 5", 'valence_arousal = "feelings"')
    text = text.replace("first = 6", 'output = "units"').replace('activation = "none"\n', "")
    card = read_card(written(tmp_path, text))
    assert (card.output.feelings, card.output.valence, card.output.arousal) == ("feelings", None, None)
    assert card.output.action_units == UnitOutput((12, 14, 25), (0.5, 0.7, 1), "units", 0, Activation.SIGMOID)
    assert card.output.columns == 4


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name = "some"\n', "", "name: expected a text, found nothing"),
        ("min_face_px = 48", "min_face_px = 0", "min_face_px: expected a whole number above 0, found 0"),
        ("min_face_px = 48", "min_face_px = true", "min_face_px: expected a whole number above 0, found True"),
        ("size = 224", 'size = "big"', "input.size: expected a whole number above 0, found 'big'"),
        ('"rgb"', '"cmyk"', "input.colour: expected one of grey, rgb, bgr, found 'cmyk'"),
        ("mean = [0.485, 0.456, 0.406]", "mean = [0.5]", "input.mean: expected a list of 3 numbers, found [0.5]"),
        ("0.229, ", "0, ", "input.std: expected numbers above 0"),
        ('"contempt"', '"boredom"', "output.labels: expected distinct ones of neutral, happiness"),
        ('"contempt"', '"anger"', "output.labels: expected distinct ones of"),
        ("temperature = 1.5", "temperature = 0", "output.temperature: expected a number above 0, found 0"),
        ("temperature = 1.5", "temperature = nan", "output.temperature: expected a number, found nan"),
        ("valence = 4", "valence = 3", "output.valence: expected a column after the 4 labels, found 3"),
        ("arousal = 5\n", "", "output.valence: expected valence and arousal, or neither, found ['valence']"),
        (
            "valence = 4",
            'valence_arousal = "va"\nvalence = 4',
            "valence_arousal: expected columns of",
        ),
        ("[12, 14, 25]", "[12, 12, 25]", "output.action_units.units: expected distinct numbers, some of 1, 2, 4"),
        ("[12, 14, 25]", "[14, 17, 20]", "output.action_units.units: expected distinct numbers, some of 1, 2, 4"),
        ("[12, 14, 25]", "[12, 14, true]", "output.action_units.units: expected a list of whole numbers above 0"),
        ("[0.5, 0.7, 1]", "[0.5, 0.7]", "output.action_units.thresholds: expected a list of 3 numbers, found [0.5"),
        ("[0.5, 0.7, 1]", "[0.5, 0.7, 70]", "output.action_units.thresholds: expected probabilities, 0 to 1, found"),
        ("first = 6", "first = 3", "output.action_units.first: expected a column after the 4 labels, found 3"),
        ("first = 6", "first = 5", "output.action_units.first: expected columns of their own, found 5"),
        ("first = 6\n", "", "output.action_units.first: expected a whole number above 0, found nothing"),
        ("first = 6", 'first = 6\noutput = "au"', "output.action_units.first: expected a column of the scores, or an"),
        ('"none"', '"softmax"', "output.action_units.activation: expected one of sigmoid, none, found 'softmax'"),
        ('rule = "box"', 'rule = "oval"', "crop.yunet.rule: expected one of square, box, found 'oval'"),
        ("side = [1, 0]", "side = [0, 0]", "crop.haar.side: expected shares"),
        ("side = [1, 0]", "side = 1", "crop.haar.side: expected a list of 2 numbers, found 1"),
        ("[1.0, 2.0, 3.0, 4.0]", "[1.0]", "baseline.neutral_logp: expected a list of 4 numbers, found [1.0]"),
        ("[crop.yunet]", "[elsewhere]", "crop.haar"),
        ('sha256 = "', 'sha256 = "ABC', "sha256: expected a SHA-256, 64 hexadecimal digits in lower case, found 'ABC"),
        ('sha256 = "', 'git_blob = "', "git_blob: expected a git blob id, 40 hexadecimal digits in lower case, found"),
        ('sha256 = "', 'md5 = "', "sha256: expected a text, found nothing"),
        ("size = 224", 'size = 224\nresize = "cubic"', "input.resize: expected one of area, bilinear-stretch, found"),
        (
            "min_face_px",
            'url = "file:///etc/passwd"\nmin_face_px',
            "url: expected an address that begins with https://",
        ),
        ('[crop.yunet]\nrule = "box"\nmargin = 0.1', "[crop]\nyunet = 1", "crop.yunet: expected a table, found 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: pathlib.Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ModelError) as caught:
        read_card(path).crop_for("yunet")
    assert expected in str(caught.value)
    assert "some" in str(caught.value)


@needs_shared
def test_the_card_beside_the_shared_weights_is_read(tmp_path: pathlib.Path) -> None:
    """It says `logits` for `scores`, `trained` for `source`, and leaves the square's share of the box to us."""
    card = read_card(MODELS / "roompulse-fer.toml")
    assert card.output.scores == "logits"
    assert card.crops["yunet"] == SquareCrop((0.5, 0.487), FER_SIDE)
    assert card.output.labels == read_card().output.labels


def test_what_is_not_at_hand_but_published_says_how_to_get_it(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path, GOOD.replace("min_face_px", 'url = "https://example.org/some.onnx"\nmin_face_px'))
    assert read_card(path).url == "https://example.org/some.onnx"
    (tmp_path / "some.onnx").unlink()
    with pytest.raises(ModelError) as caught:
        read_card(path, [tmp_path / "elsewhere"])
    digest = hashlib.sha256(MODEL).hexdigest()
    where = f"{tmp_path}, {tmp_path / 'elsewhere'}"
    assert f"some.onnx: expected a file with SHA-256 {digest}, found none in {where}; " in str(caught.value)
    assert "`roompulse-server models pull some` fetches it" in str(caught.value)


def test_the_card_in_the_documentation_can_be_read(tmp_path: pathlib.Path) -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0].replace('"…"', f'"{"0" * 64}"')
    card = parse_card(written(tmp_path, re.sub(r"^# (\w+ = )", r"\1", example, flags=re.MULTILINE).replace("…", "x")))
    assert card.output.columns == 5
    assert (card.output.temperature, card.output.embedding) == (1.2, "features")
    assert card.crops == {"yunet": BoxCrop(0.1)}
    units = text.split("```toml\n")[2].partition("```")[0]
    output = parse_card(written(tmp_path, example.replace("…", "x") + units)).output
    assert output.action_units == UnitOutput((1, 2, 4, 12), (0.5, 0.5, 0.3, 0.8), "au")
    named = set(re.findall(r"^\| `([\w-]+)`", text.partition("## Commands")[0], re.MULTILINE))
    assert named == {card.stem for card in CARDS.glob("*.toml")}


def test_a_git_blob_id_holds_a_file_too(tmp_path: pathlib.Path) -> None:
    blob = hashlib.sha1(b"blob 9\0" + MODEL, usedforsecurity=False).hexdigest()
    text = GOOD.replace(f'sha256 = "{hashlib.sha256(MODEL).hexdigest()}"', f'git_blob = "{blob}"')
    assert read_card(written(tmp_path, text)).checksum == Checksum("git_blob", blob)
    with pytest.raises(ModelError, match=f"expected git blob id {blob}, found "):
        read_card(written(tmp_path, text, MODEL[:-1]))


def test_a_file_that_is_no_toml_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelError, match=r"some\.toml: expected a readable TOML file, found: "):
        read_card(written(tmp_path, "name = "))
    with pytest.raises(ModelError, match=r"absent\.toml: expected a readable TOML file, found: .*No such file"):
        read_card(tmp_path / "absent.toml")


def test_another_model_file_is_refused_with_both_checksums(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path, GOOD, b"another")
    with pytest.raises(ModelError) as caught:
        read_card(path)
    for part in (str(tmp_path / "some.onnx"), tomllib.loads(GOOD)["sha256"], hashlib.sha256(b"another").hexdigest()):
        assert part in str(caught.value)
    (tmp_path / "some.onnx").unlink()
    with pytest.raises(ModelError, match="No such file"):
        read_card(path)
