"""A published model is fed what its authors' code feeds it: the same numbers, bit for bit.

`reference` is written from the contract of EmotiEffLib (RGB; cv2.resize; / 255; minus mean, over std; NCHW), on the
plain box that a detector gave: `frame[y1:y2, x1:x2]`.
"""

import pathlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_samples import EMOTIEFF_LABELS, IMAGENET, emotieff_card, emotieff_model, placed
from roompulse_vision.enumerations import Provenance
from roompulse_vision.faces.card import CARDS, parse_card, read_card
from roompulse_vision.faces.classifier import Classifier, tensor
from roompulse_vision.faces.crop import BoxCrop, Resize, crop
from roompulse_vision.faces.detection import Picture, PixelBox
from roompulse_vision.faces.face_reader import FaceReader, load_reader
from roompulse_vision.faces.measured_face import Gauge
from roompulse_vision.faces.sampling import stretched
from roompulse_vision.faces.view import view_of
from roompulse_vision.types import LABELS
from shared_data import needs_shared
from vision_samples import Setup, Told, still

MODELS = {"enet_b0_8_va_mtl": 224, "enet_b2_8": 260, "mbf_va_mtl": 112}


def reference(frame_bgr: Picture, box: PixelBox, name: str) -> NDArray[np.float32]:
    size = 112 if "mbf_" in name else 260 if "_b2_" in name else 224
    mean, std = ((0.5,) * 3, (0.5,) * 3) if "mbf_" in name else IMAGENET
    x1, y1, x2, y2 = np.array([box.x, box.y, box.x + box.width, box.y + box.height]).astype(int).clip(0)
    frame = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2RGB)
    x = np.asarray(cv2.resize(frame[y1:y2, x1:x2], (size, size))) / 255
    for i in range(3):
        x[..., i] = (x[..., i] - mean[i]) / std[i]
    return x.transpose(2, 0, 1).astype("float32")[np.newaxis, ...]


def frame_of(height: int, width: int, seed: int) -> Picture:
    """Return a picture with edges, ramps and noise."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (height // 9 + 2, width // 9 + 2, 3), dtype=np.uint8)
    smooth = np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), int)
    return (smooth + rng.integers(-12, 13, smooth.shape)).clip(0, 255).astype(np.uint8)


def odd_boxes(count: int, height: int, width: int) -> list[PixelBox]:
    """Return boxes of odd sizes, 3 to 700 pixels, at fractions of pixels; some reach out of the picture."""
    rng = np.random.default_rng(count)
    sizes = np.exp(rng.uniform(np.log(3), np.log(700), (count, 2)))
    corners = rng.uniform((-20, -20), (width - 4, height - 4), (count, 2))
    return [PixelBox(*map(float, corner), *map(float, size)) for corner, size in zip(corners, sizes, strict=True)]


def in_the_picture(box: PixelBox) -> bool:
    return box.x + box.width >= 1 and box.y + box.height >= 1


@pytest.mark.parametrize("name", MODELS)
def test_our_tensor_is_theirs_bit_for_bit(name: str) -> None:
    card = parse_card(CARDS / f"{name}.toml")
    assert card.input.size == MODELS[name]
    frame = frame_of(577, 803, 11)
    boxes = [box for box in odd_boxes(260, 577, 803) if in_the_picture(box)][:200]
    assert len(boxes) == 200
    gauge = Gauge(card, card.crop_for("yunet"))
    detections = Told([boxes]).detect(frame)
    for at in range(0, 200, 8):
        seen = [gauge.measure(view_of(frame), 0, face, 1, read=True) for face in detections[at : at + 8]]
        ours = tensor([face.crop for face in seen if face.crop is not None], card.input)
        theirs = np.concatenate([reference(frame, box, name) for box in boxes[at : at + 8]])
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs)


def test_the_other_sampling_would_not_do() -> None:
    """What is proved above is no matter of course: sampling as for our own model gives other numbers."""
    card = parse_card(CARDS / "mbf_va_mtl.toml")
    frame, box = frame_of(300, 300, 2), PixelBox(31.7, 40.2, 201.3, 187.9)
    for resize, same in ((Resize.BILINEAR_STRETCH, True), (Resize.AREA, False)):
        shown = crop(frame, box, BoxCrop(), 112, "rgb", resize)
        ours = tensor([shown], card.input)
        assert np.array_equal(ours, reference(frame, box, card.name)) is same


def test_a_box_outside_the_picture_shows_the_nearest_pixel() -> None:
    frame = frame_of(40, 60, 1)
    shown = stretched(frame, PixelBox(-50, 100, 20, 20), 8)
    assert (shown == frame[39, 0]).all()


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    folder, model = tmp_path_factory.mktemp("model"), emotieff_model(224)
    return Classifier(read_card(placed(folder, model, emotieff_card(model))))


def test_valence_and_arousal_come_from_the_head_through_the_reader(classifier: Classifier) -> None:
    frame = frame_of(480, 640, 5)
    boxes = [box for box in odd_boxes(40, 480, 640) if in_the_picture(box) and box.shorter_side >= 40]
    faces = FaceReader(Told([boxes]), classifier).faces(frame)
    assert len(faces) == len(boxes) > 8  # more than one batch
    inputs = {round(face.box.x * 640, 6): face for face in faces}
    for box in boxes:
        affect = inputs[round(box.x, 6)].affect
        assert affect is not None
        logits = classifier._network.run(["output"], "input", reference(frame, box, "enet_b0_8_va_mtl"))[0][0]
        expected = np.exp(logits[:8] - logits[:8].max()) / np.exp(logits[:8] - logits[:8].max()).sum()
        by_label = dict(zip(LABELS, affect.probabilities, strict=True))
        np.testing.assert_allclose([by_label[name] for name in EMOTIEFF_LABELS], expected, rtol=1e-4, atol=1e-6)
        assert np.isnan(by_label["other"])
        assert affect.valence == pytest.approx(float(logits[8].clip(-1, 1)), abs=1e-4)
        assert affect.arousal == pytest.approx(float(logits[9].clip(-1, 1)), abs=1e-4)
        assert affect.valence_arousal_provenance is Provenance.MODEL
        assert affect.action_unit_provenance is Provenance.DERIVED


def test_scores_and_embeddings_of_a_batch_come_from_one_run(classifier: Classifier) -> None:
    crops = [frame_of(224, 224, seed) for seed in range(5)]
    findings = classifier.run(crops)
    assert findings.embeddings is not None
    assert findings.embeddings.shape == (5, 24)
    np.testing.assert_allclose(findings.scores, classifier.scores(crops), rtol=1e-6)
    alone = [classifier.run([crop]).embeddings for crop in crops]
    np.testing.assert_allclose(
        findings.embeddings, np.concatenate([one for one in alone if one is not None]), atol=1e-5
    )


@needs_shared
def test_a_real_face_is_read_by_a_model_of_that_contract(tmp_path: pathlib.Path) -> None:
    model = emotieff_model(112, 8)
    card = emotieff_card(model, 112, valence=False)
    reader, warnings = load_reader(Setup(card=str(placed(tmp_path, model, card))))
    (face,) = reader.faces(still("single_face.jpg"))
    assert warnings == []
    assert reader.model_id == "tiny"
    assert face.affect is not None
    assert face.affect.valence_arousal_provenance is Provenance.DERIVED
    assert np.nansum(face.affect.probabilities) == pytest.approx(1)
