"""Pages as HTML: templates in two languages, one style sheet, and headers that let a browser do nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.cards.language import translate, translations
from bot.cards.visiting import LABELS
from crm.rules.forms import Field
from webhooks.forms.visit import TRAP

STYLE = files("webhooks.forms").joinpath("static/page.css").read_bytes()
STYLE_TAG = hashlib.sha256(STYLE).hexdigest()[:12]
# What browsers fill in by themselves, if they are told what is asked.
_FILLED_IN = {
    "name": "name", "company": "organization", "title": "organization-title", "phone": "tel", "email": "email",
    "region": "address-level2",
}  # fmt: skip


def shown(
    name: str, locale: str, *, status: int = 200, parents: Sequence[str] = (), headers: dict[str, str] | None = None,
    **facts: Any,
) -> HTMLResponse:  # fmt: skip
    """A page. Args: parents: the sites that may show it in a frame."""
    body = environment(locale).get_template(f"{name}.html.j2").render(**facts)
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {' '.join(parents) or chr(39) + 'none' + chr(39)}"
    )
    safe = {
        "Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer", "Content-Language": locale, "X-Robots-Tag": "noindex",
    }  # fmt: skip
    return HTMLResponse(body, status, safe | (headers or {}))


@cache
def environment(locale: str) -> Environment:
    """The templates of one language, escaped and strict."""
    env = Environment(
        loader=PackageLoader("webhooks.forms"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, extensions=["jinja2.ext.i18n"], auto_reload=False,
    )  # fmt: skip
    env.install_gettext_translations(translations(locale), newstyle=True)  # type: ignore[attr-defined]
    say = partial(translate, locale)
    env.globals |= {
        "lang": locale, "say": say, "label": lambda field: _label(say, field), "filled_in": _FILLED_IN, "trap": TRAP,
        "style": STYLE_TAG,
    }  # fmt: skip
    return env


def _label(say: Any, field: Field) -> str:
    return field.label or say(LABELS[field.name])
