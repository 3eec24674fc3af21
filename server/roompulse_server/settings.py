"""All settings, read once: flags, then `ROOMPULSE_*` in the environment, then a TOML file, then these defaults."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from roompulse_server.errors import SettingsError

PREFIX = "ROOMPULSE_"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Provider = Literal["cuda", "tensorrt", "openvino", "coreml", "directml", "cpu"]


class Settings(BaseSettings):
    """One frozen object, passed by constructor. Units are in the names."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    listen: str = Field("127.0.0.1:50051", description="address to serve on, HOST:PORT; port 0 picks a free one")
    data: Path = Field(Path("var/data"), description="folder of the record; one service at a time")
    models: Path | None = Field(None, description="folder to look for weights in, before the user's cache")
    model: Path | None = Field(None, description="emotion model: a name, or a card (TOML); default: the shipped")
    formula: Path | None = Field(None, description="file (TOML) that replaces the default engagement formula")
    engagement: Path | None = Field(
        None, description="engagement network in place of the formula: a name, or a card (TOML); default: none"
    )
    workers: int = Field(default_factory=_cores, ge=1, le=256, description="worker processes; default: one per core")
    max_streams: int = Field(1000, ge=1, le=100_000, description="streams open at the same time")
    detector_threshold: float | None = Field(None, gt=0, lt=1, description="smallest score of a face")
    detector_width: int | None = Field(None, ge=64, le=4096, description="longer side pictures are searched at, pixels")
    providers: Annotated[tuple[Provider, ...], NoDecode] = Field(
        (),
        description="where the emotion model runs: cuda, tensorrt, openvino, coreml, directml; else the CPU",
    )
    worker_step_s: float = Field(
        10.0, gt=0, description="CPU time of a worker's step after which it is taken to hang, and is replaced"
    )
    worker_start_s: float = Field(120.0, gt=0, description="the same for a worker's start, which loads the models")
    max_packet_bytes: int = Field(2 * 1024 * 1024, ge=1024, description="largest still or access unit")
    max_pixels: int = Field(3840 * 2160, ge=256, description="largest picture")
    idle_timeout_s: float = Field(900.0, gt=0, description="a meeting without streams ends after this time")
    heartbeat_s: float = Field(1.0, gt=0.05, le=1, description="time between heartbeats; clients wait 3 s for one")
    first_message_s: float = Field(10.0, gt=0, description="time a call has to send its first message")
    counters_s: float = Field(10.0, gt=0, description="time between an open stream's packet counters in the record")
    max_faults_in_a_row: int = Field(100, ge=1, description="bad packets in a row that end a stream")
    drain_s: float = Field(10.0, ge=0, description="time open streams get to end when the service stops")
    allow_purposes: frozenset[Literal["workplace_monitoring", "education"]] = Field(
        frozenset(), description="prohibited purposes to allow all the same; lawful in the EU for medical or safety use"
    )
    consent_required: bool = Field(True, description="analyse nobody who was not asked; who refused never is")
    min_group: int = Field(5, ge=2, le=1000, description="people a roll-up needs in meetings that are aggregate_only")
    retention_s: float = Field(
        30 * 86_400.0,
        gt=0,
        description="a meeting that says nothing else is deleted this long after its end; inf: never",
    )
    metrics: str | None = Field(None, description="address of Prometheus metrics over HTTP, HOST:PORT; default: none")
    reflection: bool = Field(True, description="serve gRPC reflection")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    log_format: Literal["text", "json"] = Field("text", description="how log lines look")

    @field_validator("engagement")
    @classmethod
    def _alone(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("formula") is not None:
            raise ValueError("takes the place of the formula: give one of --formula and --engagement")
        return value

    @field_validator("listen", "metrics")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        host, colon, port = value.rpartition(":")
        good_port = port.isascii() and port.isdigit() and int(port) <= 65535
        if not colon or not host or "/" in host or not good_port:
            raise ValueError("must be HOST:PORT, for example 0.0.0.0:50051")
        return value

    @field_validator("providers", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(filter(None, value.replace(" ", "").split(","))) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags and the file come as arguments; the environment after them."""
        return init_settings, env_settings


def load_settings(flags: dict[str, Any], config: Path | None = None) -> Settings:
    """Return the settings; `flags` that are None count as not given.

    Raises:
        SettingsError: Names the setting, where it came from, its value and what would be right.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    filed = _read_file(config) if config else {}
    absent = {name: v for name, v in filed.items() if name not in given and PREFIX + name.upper() not in _environment()}
    try:
        return Settings(**{**absent, **given})
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(dict(item), given, filed) for item in error.errors())) from error


def _environment() -> set[str]:
    return {name.upper() for name in os.environ}


def _read_file(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"settings file {config}: {error}") from error


def _sentence(item: dict[str, Any], given: dict[str, Any], filed: dict[str, Any]) -> str:
    name = str(item["loc"][0]) if item["loc"] else "settings"
    source = f"--{name.replace('_', '-')}" if name in given else PREFIX + name.upper()
    if name in filed and name not in given:
        source = f"{name} in the settings file"
    if item["type"] == "extra_forbidden":
        return f"{source}: there is no such setting"
    return f"{source}={item.get('input')!r}: {item['msg'].removeprefix('Value error, ')}"
