"""Settings: flags over environment over file over defaults, and a sentence for each wrong one."""

import pathlib

import pytest
from click.testing import CliRunner
from roompulse_server.commands import group
from roompulse_server.errors import SettingsError
from roompulse_server.settings import Settings, load_settings


def test_flags_win_over_environment_over_file(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "roompulse.toml"
    config.write_text('listen = "127.0.0.1:1"\nworkers = 3\nmax_streams = 7\n')
    monkeypatch.setenv("ROOMPULSE_LISTEN", "127.0.0.1:2")
    monkeypatch.setenv("ROOMPULSE_WORKERS", "4")
    settings = load_settings({"listen": "127.0.0.1:3", "workers": None}, config)
    assert (settings.listen, settings.workers, settings.max_streams) == ("127.0.0.1:3", 4, 7)
    assert load_settings({}).max_streams == Settings().max_streams


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"listen": "50051"}, ["--listen='50051'", "HOST:PORT"]),
        ({"listen": "http://127.0.0.1:50051"}, ["--listen='http://127.0.0.1:50051'", "HOST:PORT"]),
        ({"listen": "127.0.0.1:٥"}, ["HOST:PORT"]),
        ({"workers": "many"}, ["--workers='many'", "integer"]),
        ({"detector_threshold": 1.5}, ["--detector-threshold=1.5", "less than 1"]),
        ({"allow_purposes": ["spying"]}, ["--allow-purpose", "'spying'"]),
    ],
)
def test_a_wrong_flag_is_named_with_its_value(flags: dict[str, object], words: list[str]) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(flags)
    assert all(word in str(raised.value) for word in words), raised.value


def test_a_wrong_variable_and_a_wrong_file_are_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOMPULSE_WORKERS", "0")
    with pytest.raises(SettingsError, match="ROOMPULSE_WORKERS='0'"):
        load_settings({})
    monkeypatch.delenv("ROOMPULSE_WORKERS")
    config = tmp_path / "roompulse.toml"
    config.write_text("speed = 9\n")
    with pytest.raises(SettingsError, match="speed in the settings file: there is no such setting"):
        load_settings({}, config)
    config.write_text("speed = \n")
    with pytest.raises(SettingsError, match=r"roompulse\.toml"):
        load_settings({}, config)


def test_help_names_every_setting_and_its_variable() -> None:
    shown = CliRunner().invoke(group, ["serve", "--help"]).output
    for name in Settings.model_fields:
        assert f"ROOMPULSE_{name.upper()}" in shown.replace("\n", "").replace(" ", "") or name in shown


def test_a_wrong_setting_ends_serve_with_one_sentence() -> None:
    result = CliRunner().invoke(group, ["serve", "--listen", "nowhere"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: --listen='nowhere'")


def test_health_says_when_nobody_answers() -> None:
    result = CliRunner().invoke(group, ["health", "--server", "127.0.0.1:1", "--timeout", "2"])
    assert result.exit_code == 1
    assert "no roompulse server answers at 127.0.0.1:1 (Connection refused)" in result.output


def test_a_formula_and_a_network_exclude_each_other(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SettingsError, match="--engagement='net': takes the place of the formula: give one of"):
        load_settings({"formula": "mine.toml", "engagement": "net"})
    assert str(load_settings({"engagement": "net"}).engagement) == "net"
