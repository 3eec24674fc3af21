"""The commands of `roompulse-server`."""

import click
from roompulse.cli.lazy_group import LazyGroup, Place


def _place(module: str, attribute: str, summary: str) -> Place:
    return Place(f"{__name__}.{module}", attribute, summary)


COMMANDS = {
    "serve": _place("service", "serve_command", "Serve until SIGTERM or Ctrl-C."),
    "health": _place("health", "health_command", "Ask a service whether it serves."),
    "models": _place("models", "models_group", "List, fetch, verify and add models."),
    "backup": _place("record", "backup_command", "Copy the record, whether a service is running or not."),
    "restore": _place("record", "restore_command", "Put a backup back."),
}


@click.group(
    cls=LazyGroup,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="roompulse")
def group() -> None:
    """The roompulse service: a meeting's video in, explainable engagement out."""
