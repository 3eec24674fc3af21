"""`roompulse-eval`: what predictions are worth, by the published rules.

Standard output carries the answer: tables for people, or with `--json` one object. Progress and errors go to standard
error. Exit codes: 0 done, 1 it went wrong, 2 wrong usage.
"""

import click

from roompulse_training.evaluation.abaw import au, expr, mtl, va
from roompulse_training.evaluation.engagement import engagement
from roompulse_training.evaluation.ferplus import ferplus


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="roompulse")
def cli() -> None:
    """What predictions are worth: expressions, valence and arousal, action units, engagement."""


for command in (expr, va, au, mtl, engagement, ferplus):
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    cli()
