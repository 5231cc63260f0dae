"""From a card's name and its ids to the card, for one viewer. Templates do the rest.

Because a card is only a name and ids until it is shown, answers can be stored without personal text, rendered again for
a repeat, edited later, and shown to each viewer with what that viewer may see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.exc import InterfaceError, OperationalError

from bot import parts
from bot.cards.facts import Facts
from bot.cards.language import _, translate, translations
from bot.cards.model import Card, Form, Text
from bot.cards.parser import parse_card, parse_form

_FORM, _ACTION = re.compile(r"<form\b[^>]*>"), re.compile(r'\baction="([^"{]+)"')


def card(name: str, args: Mapping[str, Any], facts: Facts) -> Card:
    """Render `templates/<name>.xml.j2` for the viewer of these facts.

    Whoever asked for a lead that was merged into the one shown is told so, whatever the card.
    """
    made = parse_card(_xml(name, args, facts), facts.images)
    if facts.uow.off:
        made = parts.offered(made, facts.uow.off)
    if "instead" not in args:
        return made
    was, ref = args["instead"]
    told = Text(facts.words.say(_("{was} was merged into {ref}, which stands for it."), was=was, ref=ref), "quiet")
    return replace(made, blocks=(told, *made.blocks))


def form(name: str, args: Mapping[str, Any], facts: Facts) -> Form:
    """Render a template whose root is a form."""
    return parse_form(_xml(name, args, facts))


def exists(name: str) -> bool:
    """Whether there is such a card."""
    return f"{name}.xml.j2" in environment("en").list_templates()


@cache
def asking() -> frozenset[str]:
    """The actions that open a form of their own name when nothing else is said."""
    env = environment("en")
    assert env.loader is not None, "the environment was made with one"
    sources = (env.loader.get_source(env, name)[0] for name in env.list_templates() if "_form" in name)
    forms = (form for source in sources for form in _FORM.findall(source))
    return frozenset(action for form in forms for action in _ACTION.findall(form))


@cache
def environment(locale: str) -> Environment:
    """The templates of one language: escaped, strict, whitespace-free."""
    env = Environment(
        loader=PackageLoader("bot.cards"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do"], finalize=_finalize,
        auto_reload=False,
    )  # fmt: skip
    env.install_gettext_translations(translations(locale), newstyle=True)  # type: ignore[attr-defined]
    env.globals["_"] = partial(_said, locale)
    return env


def _said(locale: str, text: str, **values: Any) -> Markup:
    """What `_` is in a template: as the extension's own, whose calls were a third of the time that a card takes."""
    return Markup(translate(locale, text)) % values if values else _plain(locale, text)  # noqa: S704  (ours; values are escaped)


@lru_cache(maxsize=4096)
def _plain(locale: str, text: str) -> Markup:
    return Markup(translate(locale, text)) % {}  # noqa: S704  (our own words)


def _xml(name: str, args: Mapping[str, Any], facts: Facts) -> str:
    template = environment(facts.locale).get_template(f"{name}.xml.j2")
    return template.render(args, facts=facts, viewer=facts.viewer, say=facts.words, titled=partial(_titled, facts))


def _titled(facts: Facts, name: str, args: Mapping[str, Any]) -> str:
    """What another card says on top, for a line that stands for it; nothing where it cannot be drawn."""
    try:
        with facts.uow.session.begin_nested():
            return card(name, args, facts).title
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001  (one that cannot be drawn keeps no other from being read)
        return ""


def _finalize(value: Any) -> Any:
    """What is absent shows as nothing, not as a word."""
    return "" if value is None else value
