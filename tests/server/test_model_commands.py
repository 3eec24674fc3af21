"""`roompulse-server models`: what is here, what is not, what is wrong; only `pull` needs a network."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from attention_samples import drawn, engagement_card, keras, placed_network
from click.testing import CliRunner, Result
from file_server import file_server
from onnx_samples import emotieff_card, emotieff_model, placed
from roompulse_server.commands import group
from roompulse_vision.faces.card import CARDS, parse_card
from roompulse_vision.faces.registry import find_engagement_network
from shared_data import MODELS, needs_shared

MODEL = emotieff_model(112)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ROOMPULSE_MODELS", raising=False)


def models(*words: object) -> Result:
    return CliRunner().invoke(group, ["models", *map(str, words)], env={"COLUMNS": ""})


def rows(*words: object) -> dict[str, dict[str, str]]:
    result = models("list", "--json", *words)
    assert result.exit_code == 0
    return {row["name"]: row for row in map(json.loads, result.output.splitlines())}


def test_a_bare_machine_has_what_is_shipped_and_knows_the_rest() -> None:
    listed = rows()
    assert listed["roompulse-fer"]["state"] == "shipped"
    assert listed["roompulse-fer"]["file"].endswith("roompulse-fer.onnx")
    assert listed["enet_b2_8"] | {"card": ""} == {
        "name": "enet_b2_8",
        "kind": "emotion",
        "state": "missing",
        "file": "",
        "card": "",
        "licence": parse_card(CARDS / "enet_b2_8.toml").licence,
        "source": parse_card(CARDS / "enet_b2_8.toml").source,
        "detail": "",
    }
    assert listed["yunet"]["kind"] == "detector"
    lines = models("list").output.splitlines()
    assert len(listed) == 11
    assert [line.split()[0] for line in lines] == ["Models", "name", *listed]


def test_a_damaged_file_is_listed_and_fails_the_check(tmp_path: pathlib.Path) -> None:
    (tmp_path / "yunet_s_dynamic.onnx").write_bytes(b"short")
    assert rows("--models", tmp_path)["yunet"]["state"] == "damaged"
    result = models("verify", "--models", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path}/yunet_s_dynamic.onnx: expected SHA-256 daede24002cc8590" in result.output
    assert "(5 bytes)" in result.output


def test_a_check_names_what_is_whole_missing_and_nobodys(tmp_path: pathlib.Path) -> None:
    placed(tmp_path, MODEL, emotieff_card(MODEL, 112))
    (tmp_path / "lost.onnx").write_bytes(b"?")
    result = models("verify", tmp_path)
    assert result.exit_code == 0
    assert f"tiny: {tmp_path}/tiny.onnx (verified)" in result.output
    assert "enet_b2_7: missing; `roompulse-server models pull enet_b2_7` fetches it" in result.output
    assert f"{tmp_path}/lost.onnx: no card names it; not verified" in result.output


def test_a_check_runs_the_model(tmp_path: pathlib.Path) -> None:
    spoiled = emotieff_model(112, spoil="classifier.bias")
    card = placed(tmp_path, spoiled, emotieff_card(spoiled, 112))
    result = models("verify", card)
    assert result.exit_code == 1
    assert "expected finite numbers for two test pictures" in result.output
    assert rows("--models", tmp_path)["tiny"]["state"] == "found"  # the list looks at checksums alone


def test_what_is_asked_for_by_name_must_be_here() -> None:
    assert models("verify", "roompulse-fer").exit_code == 0
    missing = models("verify", "roompulse-fer", "yunet")
    assert missing.exit_code == 1
    assert "yunet: missing" in missing.output
    unknown = models("verify", "nobody")
    assert unknown.exit_code == 1
    assert unknown.output.startswith("Error: model 'nobody': expected the path of a card (TOML), or one of ")


@needs_shared
def test_the_shared_models_are_whole() -> None:
    result = models("verify", MODELS)
    assert result.exit_code == 0
    whole = [line.split(":")[0] for line in result.output.splitlines() if line.endswith("(verified)")]
    assert whole == ["roompulse-fer", "yunet-640", "yunet", str(MODELS / "roompulse-fer.toml")]


def test_a_card_is_shown_as_it_could_be_used() -> None:
    shown = models("show", "enet_b0_8_va_mtl").output
    assert "(missing)" in shown.splitlines()[1]
    assert shown.endswith((CARDS / "enet_b0_8_va_mtl.toml").read_text())
    assert models("show", "nobody").exit_code == 1
    assert "absent.toml: expected a readable TOML file" in models("show", "absent.toml").output


def test_a_model_is_pulled_resumed_and_used_by_its_name(tmp_path: pathlib.Path) -> None:
    with file_server(MODEL) as server:
        (tmp_path / "tiny.toml").write_text(emotieff_card(MODEL, 112, url=f"{server.url}/cut-once"))
        assert rows("--models", tmp_path)["tiny"]["state"] == "missing"
        result = models("pull", "tiny", "--models", tmp_path)
        assert result.exit_code == 0, result.output
        assert result.output.splitlines()[-1] == f"tiny: {tmp_path}/tiny.onnx (verified)"
        assert [asked for _, asked in server.asked] == [None, f"bytes={len(MODEL) // 3}-"]
        assert models("pull", "tiny", "--models", tmp_path).exit_code == 0
        assert len(server.asked) == 2  # it was there
    assert rows("--models", tmp_path)["tiny"]["state"] == "found"
    assert models("verify", "tiny", "--models", tmp_path).exit_code == 0


@pytest.mark.parametrize("named", [("--from",), ()], ids=["flag", "environment"])
def test_a_model_is_pulled_from_a_mirror_and_held_to_its_checksum(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...]
) -> None:
    (tmp_path / "tiny.toml").write_text(emotieff_card(MODEL, 112, url="http://127.0.0.1:1/blocked"))
    with file_server(MODEL) as server:
        mirror = f"{server.url}/mirror/"
        monkeypatch.setenv("ROOMPULSE_MODELS_FROM", "" if named else mirror)
        where = ("--models", tmp_path, *((*named, mirror) if named else ()))
        server.data = b"another file"
        refused = models("pull", "tiny", *where)
        server.data = MODEL
        pulled = models("pull", "tiny", *where)
        assert {path for path, _ in server.asked} == {"/mirror/tiny.onnx"}
    assert refused.exit_code == 1
    assert "expected" in refused.output.splitlines()[-1]
    assert pulled.exit_code == 0, pulled.output
    assert (tmp_path / "tiny.onnx").read_bytes() == MODEL


@pytest.mark.parametrize(
    ("path", "found"), [("wrong", "found"), ("truncated", "cut after"), ("missing", "HTTP Error 404")]
)
def test_a_pull_of_something_else_is_refused_in_one_sentence(tmp_path: pathlib.Path, path: str, found: str) -> None:
    with file_server(MODEL) as server:
        (tmp_path / "tiny.toml").write_text(emotieff_card(MODEL, 112, url=f"{server.url}/{path}"))
        result = models("pull", "tiny", "--models", tmp_path)
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last.startswith("Error: tiny.onnx ")
    assert found in last
    assert not (tmp_path / "tiny.onnx").exists()


def test_a_damaged_file_is_fetched_anew(tmp_path: pathlib.Path) -> None:
    with file_server(MODEL) as server:
        placed(tmp_path, MODEL[:-7], emotieff_card(MODEL, 112, url=f"{server.url}/good"))
        assert models("pull", "tiny", "--models", tmp_path).exit_code == 0
    assert (tmp_path / "tiny.onnx").read_bytes() == MODEL


def test_what_cannot_be_pulled_is_said(tmp_path: pathlib.Path) -> None:
    assert models("pull", "roompulse-fer").output.endswith("roompulse-fer.onnx (verified)\n")
    (tmp_path / "tiny.toml").write_text(emotieff_card(MODEL, 112))
    result = models("pull", "tiny", "--models", tmp_path)
    assert result.exit_code == 1
    assert "expected a url to fetch its file from, found none in the card" in result.output


def test_a_model_of_ones_own_is_added_to_the_cache(tmp_path: pathlib.Path) -> None:
    card = placed(tmp_path, MODEL, emotieff_card(MODEL, 112))
    result = models("add", tmp_path / "tiny.onnx", card)
    assert result.exit_code == 0, result.output
    assert "`roompulse-server serve --model tiny`" in result.output
    assert rows()["tiny"]["file"] == str(tmp_path / "cache" / "roompulse" / "models" / "tiny.onnx")
    wrong = models("add", tmp_path / "tiny.onnx", placed(tmp_path, MODEL, emotieff_card(MODEL, 224)))
    assert wrong.exit_code == 1
    assert wrong.output.startswith("Error: ")
    assert "(any batch, 3, 224, 224)" in wrong.output


def test_an_engagement_network_is_pulled_converted_and_usable(tmp_path: pathlib.Path) -> None:
    data = keras(tmp_path / "made.h5", drawn(24))
    with file_server(data) as server:
        (tmp_path / "tiny-attention.toml").write_text(engagement_card(data, 24, url=f"{server.url}/good"))
        missing = models("convert", "tiny-attention", "--models", tmp_path)
        assert models("pull", "tiny-attention", "--models", tmp_path).exit_code == 0
    assert missing.exit_code == 1
    assert "found none; `roompulse-server models pull tiny-attention` fetches it" in missing.output
    row = rows("--models", tmp_path)["tiny-attention"]
    assert (row["kind"], row["state"], row["file"]) == ("engagement", "fetched", str(tmp_path / "attention.h5"))
    assert "tiny-attention: fetched; `roompulse-server models convert" in models("verify", tmp_path).output
    assert models("verify", "tiny-attention", "--models", tmp_path).exit_code == 1
    converted = models("convert", "tiny-attention", "--models", tmp_path)
    assert converted.exit_code == 0, converted.output
    assert "use it with `roompulse-server serve --engagement tiny-attention`" in converted.output
    row = rows("--models", tmp_path)["tiny-attention"]
    assert (row["state"], row["file"]) == ("found", str(tmp_path / "attention.npz"))
    verified = models("verify", "tiny-attention", "--models", tmp_path)
    assert verified.output == f"tiny-attention: {tmp_path}/attention.npz (verified)\n"


def test_a_card_turned_round_uses_the_same_file(tmp_path: pathlib.Path) -> None:
    assert models("convert", placed_network(tmp_path, drawn(24))).exit_code == 0
    shown = models("show", "tiny-attention", "--models", tmp_path).output
    turned = shown.replace("tiny-attention", "turned").replace('"distracted", "engaged"', '"engaged", "distracted"')
    (tmp_path / "turned.toml").write_text(turned)
    assert models("verify", "turned", "--models", tmp_path).exit_code == 0
    window = np.random.default_rng(1).normal(size=(128, 24)).astype(np.float32)
    one, other = (find_engagement_network(name, [tmp_path]) for name in ("tiny-attention", "turned"))
    assert other.probability(window) == pytest.approx(1 - one.probability(window))
    assert (one.card.formula, other.card.formula) == ("tiny-attention-1", "turned-1")


def test_what_is_no_engagement_network_is_not_converted() -> None:
    result = models("convert", "yunet")
    assert result.exit_code == 1
    assert "kind: expected one of engagement, found 'detector'" in result.output


def served(folder: pathlib.Path, model: object, *more: object) -> "subprocess.CompletedProcess[str]":
    server = pathlib.Path(sys.executable).parent / "roompulse-server"
    flags = ["--listen", "127.0.0.1:0", "--data", folder / "record", "--models", folder, "--model", model, *more]
    command = [str(server), "serve", "--workers", "1", *map(str, flags)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ})


@pytest.mark.parametrize("fault", ["bit", "nan", "name"])
def test_the_service_does_not_start_with_a_model_it_cannot_trust(tmp_path: pathlib.Path, fault: str) -> None:
    model = emotieff_model(112, spoil="stem.weight" if fault == "nan" else "")
    placed(tmp_path, model[:-1] + b"?" if fault == "bit" else model, emotieff_card(model, 112))
    run = served(tmp_path, "another" if fault == "name" else "tiny")
    assert run.returncode == 1
    (line,) = run.stderr.strip().splitlines()
    expected = {
        "bit": f"Error: {tmp_path}/tiny.onnx: expected SHA-256 ",
        "nan": f"Error: {tmp_path}/tiny.onnx: expected finite numbers",
        "name": "Error: model 'another': expected the path of a card (TOML), or one of emotiefflib-attention, enet_b0",
    }[fault]
    assert line.startswith(expected)
    assert "found" in line or fault == "name"
    assert run.stdout == ""


@pytest.mark.parametrize("fault", ["size", "model", "name", "unconverted"])
def test_the_service_does_not_start_with_a_network_that_does_not_fit(tmp_path: pathlib.Path, fault: str) -> None:
    placed(tmp_path, MODEL, emotieff_card(MODEL, 112))
    card = placed_network(tmp_path, drawn(20 if fault == "size" else 24))
    if fault != "unconverted":
        assert models("convert", card).exit_code == 0
    run = served(
        tmp_path, "roompulse-fer" if fault == "model" else "tiny", "--engagement", "yunet" if fault == "name" else card
    )
    assert run.returncode == 1
    (line,) = run.stderr.strip().splitlines()
    expected = {
        "size": "Error: engagement network tiny-attention: expected the emotion model tiny with an embedding of 20 "
        "numbers (`--model tiny`), found tiny with one of 24",
        "model": "Error: engagement network tiny-attention: expected the emotion model tiny with an embedding of 24 "
        "numbers (`--model tiny`), found roompulse-fer with one of 1280",
        "name": "Error: engagement 'yunet': expected an engagement network, found a detector",
        "unconverted": "Error: attention.npz: expected it beside its card or in a folder of models, found none; "
        "`roompulse-server models convert tiny-attention` makes it",
    }[fault]
    assert line == expected
    assert run.stdout == ""
