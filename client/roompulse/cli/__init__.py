"""The command line: each command is a small module, and all speak to a server.

Standard output carries the answer: tables for people, or with `--json` proto3 JSON, one object a line. Everything else
goes to standard error. Exit codes: 0 done, 1 it went wrong, 2 wrong usage.
"""

import os

import click

from roompulse.cli.audit import audit
from roompulse.cli.check import check
from roompulse.cli.consent import consent
from roompulse.cli.delete import delete
from roompulse.cli.end import end
from roompulse.cli.export import export
from roompulse.cli.image import image
from roompulse.cli.meetings import meetings
from roompulse.cli.notice import notice
from roompulse.cli.stream import stream
from roompulse.cli.summary import summary
from roompulse.cli.watch import watch


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="roompulse")
def cli() -> None:
    """The pulse of the room: a meeting's video in, explainable engagement out."""


for command in (stream, image, check, watch, meetings, summary, export, end, notice, consent, delete, audit):
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # gRPC's own notes are no message for people
    cli()
