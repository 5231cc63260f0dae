"""Asking the dispatcher directly, as the playground's door does, without HTTP around it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from bot.interaction import Answer, Interaction
from tests import build
from tests.world import World

KEYS = count(1)


def says(world: World, words: str, name: str = "ann", *, platform: str = "playground", **more: Any) -> Interaction:
    """What a door makes of a typed line."""
    org = world.acme.org_id
    places = {"playground": f"playground-{org}", "slack": f"T{org:08d}", "wecom": f"ww{org:016d}/1000002"}
    made = Interaction(platform, places[platform], build.external(platform, name, org), f"t{next(KEYS)}")
    return replace(made, text=words, **more)


def taps(world: World, action: str, value: str = "", name: str = "ann", **more: Any) -> Interaction:
    """What a door makes of a tap."""
    return says(world, "", name, kind="action", action=action, value=value, **more)


def submits(world: World, action: str, value: str, name: str = "ann", **fields: str) -> Interaction:
    """What a door makes of a form."""
    return says(world, "", name, kind="form", action=action, value=value, fields=fields)


def ask(world: World, interaction: Interaction) -> Answer:
    return world.bot.dispatcher.dispatch(interaction)


def shown(answer: Answer) -> str:
    """The answer's card in plain words."""
    assert answer.card is not None
    return answer.card.plain()


def told(world: World, words: str, name: str = "ann", **more: Any) -> str:
    """What a typed line is answered with."""
    return shown(ask(world, says(world, words, name, **more)))
