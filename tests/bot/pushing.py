"""What is pushed, for the tests of who gets what and when: messages owed, rules set, words said."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from sqlalchemy import text

from tests import build
from tests.bot.cards.scene import Scene
from tests.world import World

EVENING = datetime(2026, 3, 4, 14, tzinfo=UTC)  # ten in Shanghai
KEYS = count(1)


def said_to(scene: Scene, words: str, who: str = "ann") -> str:
    """What a typed line is answered with, without any server."""
    return scene.draw(scene.say(who, words)).plain()


def ruled(scene: Scene, words: str) -> None:
    with scene.uow() as uow:
        build.rule_set(uow, words)


def push(world: World, topic: str, *, to: str = "ann", lead: int | None = None, **data) -> int:
    """Owe a message; its number."""
    key = f"push-{next(KEYS)}"
    with world.database.begin(world.acme.org_id) as uow:
        more = {"lead": lead} if lead else {}
        uow.notify(topic, to=world.acme.member[to], lead=lead, key=key, data=data | more, together=f"{topic}:{to}")
    world.run_jobs()
    return world.count("select id from message where key = :key and org_id = :o", key=key, o=world.acme.org_id)


def a_lead(world: World, **facts) -> int:
    with world.database.begin(world.acme.org_id) as uow:
        return build.lead(uow, world.acme, **({"owner": "ann"} | facts))


def assigned(world: World, to: str = "ann", **facts) -> int:
    return push(world, "lead.assigned", to=to, lead=a_lead(world, owner=to, **facts), by=world.acme.member["mia"])


def touched(world: World, lead: int) -> int:
    return push(world, "lead.touched", lead=lead, touches=2, source=None)


def state(world: World, message: int) -> tuple[str, str | None]:
    with world.database.begin(world.acme.org_id) as uow:
        found = text("select state, cause from message where org_id = :o and id = :id")
        return tuple(uow.session.execute(found, {"o": uow.org_id, "id": message}).one())


def rules(world: World, words: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, words)
