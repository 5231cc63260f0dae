"""P8: a webhook acts once however often it comes: in a row, at once, after a restart, after Redis has forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ops.runtime import compose
from tests import build
from tests.doubles.wecom_caller import Caller
from tests.drivers.slack import SlackDriver, _values, control
from tests.drivers.slack_wire import Wire
from tests.promises.crowd import at_once
from tests.rounds import rounds
from tests.serving import call, serving
from tests.world import World
from webhooks.app import create_app

SAID = "called, wants a quote"
EFFECTS = "select count(*) from activity where verb in ('logged', 'noted', 'claimed', 'released')"
OWED = "select count(*) from message where topic = 'answer'"


@dataclass(frozen=True)
class Doors:
    """The two ways in, of one server process."""

    wire: Wire
    caller: Caller


Again = Callable[[Doors], Any]
"""The same delivery once more; returns what the platform is told, without what differs by nature."""


def slack_command(world: World, ref: str) -> Again:
    user = person(world, "slack")
    fields = world.wire.command_fields(user, f"log {ref} {SAID}", "D" + user[1:])
    return lambda doors: told(doors.wire.form(fields))


def slack_message(world: World, ref: str) -> Again:
    said = {
        "type": "message",
        "channel_type": "im",
        "channel": "D" + person(world, "slack")[1:],
        "ts": "1700000001.000100",
    }
    event = world.wire.event(said | {"user": person(world, "slack"), "text": f"note {ref} {SAID}"})
    return lambda doors: told(doors.wire.push(event))


def slack_mention(world: World, ref: str) -> Again:
    group = f"C{world.acme.org_id}OPEN"
    said = {"type": "app_mention", "channel": group, "text": f"<@UBOT> log {ref} {SAID}", "ts": "1700000001.000200"}
    event = world.wire.event(said | {"user": person(world, "slack")})
    return lambda doors: told(doors.wire.push(event))


def slack_tap(world: World, ref: str) -> Again:
    driver = world.chat("slack", "ann")
    assert isinstance(driver, SlackDriver)
    card = driver.writes(f"lead {ref}")
    payload = world.wire.tap(driver.user, card.place, *control(card.raw["blocks"], "No answer"))
    return lambda doors: told(doors.wire.interact(payload))


def slack_form(world: World, ref: str) -> Again:
    driver = world.chat("slack", "ann")
    form = driver.says(f"log {ref}")
    payload = world.wire.submit(person(world, "slack"), form.raw, dict(_values(form.raw["blocks"], {"note": SAID})))
    return lambda doors: told(doors.wire.interact(payload))


def wecom_text(world: World, ref: str) -> Again:
    return repeated(world, MsgType="text", Content=f"log {ref} {SAID}", MsgId=next(world.caller.ids))


def wecom_menu(world: World, ref: str) -> Again:
    return repeated(world, MsgType="event", Event="click", EventKey=f"note {ref} {SAID}")


def wecom_tap(world: World, ref: str) -> Again:
    card = world.chat("wecom", "ann").says(f"lead {ref}")
    key = next(button["key"] for button in card.raw["button_list"] if button["text"] == "No answer")
    where = {"TaskId": card.raw["task_id"], "CardType": card.raw["card_type"]}
    code = world.wecom.new_code(card.place)
    return repeated(world, MsgType="event", Event="template_card_event", EventKey=key, ResponseCode=code, **where)


def wecom_form(world: World, ref: str) -> Again:
    ann = world.chat("wecom", "ann")
    form = ann.taps(ann.taps(ann.says(f"lead {ref}"), "Release"), "To another pool")
    picked = [
        {"QuestionKey": question["question_key"], "OptionIds": {"OptionId": question["option_list"][0]["id"]}}
        for question in form.raw["select_list"]
    ]
    where = {"TaskId": form.raw["task_id"], "CardType": form.raw["card_type"]}
    return repeated(
        world, MsgType="event", Event="template_card_event", EventKey=form.raw["submit_button"]["key"],
        ResponseCode=world.wecom.new_code(form.place), SelectedItems={"SelectedItem": picked}, **where,
    )  # fmt: skip


SLACK = (slack_command, slack_message, slack_mention, slack_tap, slack_form)
WECOM = (wecom_text, wecom_menu, wecom_tap, wecom_form)
KINDS = {each.__name__: each for each in (*SLACK, *WECOM)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_delivery_that_comes_again_has_one_effect_and_the_first_answer(world: World, kind: str) -> None:
    again = KINDS[kind](world, world.lead(owner="ann"))
    before = figures(world)
    here = Doors(world.wire, world.caller)
    answers = [again(here) for _ in range(rounds(short=4, full=40))]
    world.bot.redis.flushdb()
    answers.append(again(here))
    with restarted(world) as anew:
        answers.append(again(anew))
    after = figures(world)
    world.run_jobs()
    assert answers == [answers[0]] * len(answers)
    assert after[0] - before[0] == 1
    assert after[1] - before[1] <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_delivery_that_comes_eight_times_at_once_has_one_effect(world: World, kind: str) -> None:
    again = KINDS[kind](world, world.lead(owner="ann"))
    before = figures(world)
    answers = at_once([lambda: again(Doors(world.wire, world.caller))] * 8)
    after = figures(world)
    assert answers == [answers[0]] * 8
    assert after[0] - before[0] == 1
    assert after[1] - before[1] <= 1


def person(world: World, platform: str) -> str:
    return build.external(platform, "ann", world.acme.org_id)


def repeated(world: World, **message: Any) -> Again:
    """One message to WeCom's door, sealed anew each time as WeCom does."""
    xml = world.caller.message(person(world, "wecom"), **message)

    def post(doors: Doors) -> Any:
        status, body = doors.caller.post(*doors.caller.sealed(xml))
        opened = doors.caller.opened(body) or {}
        return status, {name: value for name, value in opened.items() if name != "CreateTime"}

    return post


def told(response: Any) -> tuple[int, Any]:
    return response.status_code, response.text


def figures(world: World) -> tuple[int, int]:
    return world.count(EFFECTS), world.count(OWED)


@contextmanager
def restarted(world: World) -> Iterator[Doors]:
    """The doors of another process, which knows nothing but the database."""
    bot = compose(world.bot.settings, time=world.time)
    with serving(create_app(bot)) as host:
        wire = Wire(host, world.slack, team=world.wire.team)
        yield Doors(wire, replace(world.caller, post=lambda path, body: call(host, "POST", path, body)))
        wire.close()
    bot.database.close()
    bot.redis.close()
