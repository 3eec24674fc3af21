"""The page's template, ready to be filled: what it may call, and the styles and the small script that stand in it.

The content security policy names both by hash and allows nothing else: no request, no other script, no style attribute.
"""

import base64
import functools
import hashlib
from importlib import resources

import jinja2
from markupsafe import Markup
from roompulse_vision.types import LABELS

from roompulse_server.report import explanation, remark, sentence
from roompulse_server.report.plane import BADGE, SIDE

_FILTERS = (
    explanation.explanation,
    explanation.missing,
    explanation.mostly,
    explanation.why_nobody,
    explanation.why_not,
    remark.remarks,
    remark.rules,
    sentence.clock,
    sentence.expression,
    sentence.listed,
    sentence.number,
    sentence.people,
    sentence.percent,
    sentence.sentence,
    sentence.spread,
)


@functools.cache
def page_template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _source("page.css"), _source("page.js")
    environment.filters |= {one.__name__: one for one in _FILTERS}
    environment.globals |= {
        "style": Markup(style),  # our own files; an escaped one would be another one than the policy's
        "script": Markup(script),
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        "all_labels": LABELS,
        "badge": BADGE,
        "side": SIDE,
    }
    return environment.get_template("page.html")


def _source(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
