"""Something that somebody does in a company, by words or a tap, and what has to be there before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tests.bot.cards.samples_of_offers import offered_to, under
from tests.bot.cards.scene import Scene


@dataclass(frozen=True)
class Done:
    """Who does what: `words` as typed, or a tap as `action value`; `{lead}` is the lead that `given` makes."""

    who: str
    words: str = ""
    tap: str = ""
    given: Callable[[Scene], str] = lambda scene: owned(scene)  # noqa: PLW0108  (it is defined below)
    fields: tuple[tuple[str, str], ...] = ()
    but: str = ""  # why not all is as before; who has the lead is


def owned(scene: Scene, **facts: Any) -> str:
    """Ann's lead, its clocks running."""
    ref = scene.lead(owner="ann", **facts)
    scene.start_clocks()
    return ref


def free(scene: Scene) -> str:
    return scene.lead()


def free_ones(scene: Scene) -> str:
    for name in ("Zoe", "Grace", "Mary"):
        scene.lead(name=name)
    return scene.lead()


def later(scene: Scene, ref: str) -> str:
    """So late that nothing of before can be undone."""
    scene.time.advance(hours=1)
    return ref


def when(who: str, words: str) -> Callable[[Scene], str]:
    """Ann's lead, of which somebody has said that."""

    def given(scene: Scene) -> str:
        ref = owned(scene)
        scene.say(who, words.format(lead=ref))
        return later(scene, ref)

    return given


contacted = when("ann", "log {lead} called, wants a quote, call back tomorrow 3pm")
a_team_task = when("mia", "remind team {lead} tomorrow 3pm send the catalogue")
protected = when("ann", "protect {lead}")
on_hold = when("mia", "hold {lead} until Friday they are moving house")
starred = when("ann", "star {lead}")
muted = when("ann", "mute {lead}")


def two_of_hers(scene: Scene) -> str:
    owned(scene, name="Zoe")
    return contacted(scene)


def a_task(scene: Scene) -> str:
    contacted(scene)
    return newest_task(scene)


def newest_task(scene: Scene) -> str:
    with scene.uow() as uow:
        return str(uow.session.scalar(text("select max(id) from task where org_id = :o"), {"o": uow.org_id}))


def offer(scene: Scene) -> str:
    return offered_to(scene)[0]


def on_desk(scene: Scene) -> str:
    under(scene, "desk")
    return scene.dealt(name="Lu Wei")


def many_at_once(scene: Scene) -> str:
    owned(scene)
    return str(scene.say("ada", "reassign stage new @Bob").reply.args["run"])


def a_preview(scene: Scene) -> str:
    free_ones(scene)
    return str(scene.say("ada", "move 3 from Open to North").reply.args["run"])


def to_enter(scene: Scene) -> str:
    return str(scene.say("ann", "new Ann Wu, Acme, 13800138111").reply.args["job"])


def to_merge(scene: Scene) -> str:
    """Two of hers, as the card about them names both."""
    refs = owned(scene, name="Zoe"), owned(scene, name="Zoe Li")
    scene.tap("ann", "lead.no_answer", refs[0])
    later(scene, refs[0])
    planned = scene.draw(scene.say("ann", f"merge {refs[0]} {refs[1]}"))
    return next(button.value for button in planned.buttons() if button.action == "merge.confirm")


def a_batch(scene: Scene) -> str:
    on_desk(scene)
    with scene.uow() as uow:
        return str(uow.session.scalar(text("select max(id) from run where org_id = :o"), {"o": uow.org_id}))


def tuned(scene: Scene) -> str:
    scene.say("ann", "notify warnings off")
    return later(scene, "")


def a_list(scene: Scene) -> str:
    pasted = "Ann Wu, Acme, 13800138111\nBen Xu, Beta, 13800138222"
    return str(scene.say("ann", pasted).reply.args["job"])


def lost(scene: Scene) -> str:
    ref = contacted(scene)
    scene.say("ann", f"lost {ref} too expensive")
    return later(scene, ref)


def loose(scene: Scene) -> str:
    """A lead with a product that no list has yet."""
    return owned(scene, product="小玩意")


def two_products(scene: Scene) -> str:
    for name in ("Gizmo", "Gadget"):
        scene.say("ada", f"values products add {name}")
    return later(scene, owned(scene, product="Gizmo"))


def do(scene: Scene, step: Done, about: str) -> str:
    """The name of the card that answers."""
    if step.tap:
        action, _space, value = step.tap.format(lead=about).partition(" ")
        return scene.tap(step.who, action, value, **dict(step.fields)).reply.name
    return scene.say(step.who, step.words.format(lead=about)).reply.name
