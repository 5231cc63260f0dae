"""P9: proper deliveries of Slack and WeCom with one part bent, signed and through the real doors: nothing breaks.

The corpora of hostile requests try a door that answers from a script; here a whole Sluice stands behind it. A mistake
of ours would be answered politely, so the count of failed interactions is looked at, too.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from tests.drivers.slack import SlackDriver, _values, control
from tests.drivers.slack_wire import unique
from tests.promises.test_acts_once import person
from tests.rounds import rounds
from tests.world import World

HUGE = 10**30
JUNK = st.one_of(
    st.sampled_from(
        [
            None, True, 0, -1, HUGE, -HUGE, 1.5, 1e300, "", " ", "\x00", "L-1\x00", "a\x00b@c.example", "\u202e",
            "x" * 300, "x" * 3001, "9" * 19, "9" * 400, "-1", "1e9", "٣", "' or 1=1 --", "{{ 7 * 7 }}", "%s", "../..",
            "<!channel>", "[]", "{", "null", "~", "|", "a|b|c|d", "lead.claim", "no.such", "L-99999999999999999999",
            [], {}, [[]], [{}], [None], {"a": {}}, {"id": {}}, ["x"] * 200, {"value": "x", "type": 1},
        ]
    ),
    st.text(max_size=30),
    st.integers(),
)  # fmt: skip
TRIES = rounds(short=25, full=1500)
Payloads = dict[str, dict[str, Any]]


def slack_events(world: World, ref: str) -> Payloads:
    user, team = person(world, "slack"), world.wire.team
    group, home = f"C{world.acme.org_id}OPEN", "D" + user[1:]
    known = {
        "id": user, "team_id": team, "name": "ann", "deleted": False, "is_bot": False, "real_name": "Ann",
        "profile": {"real_name": "Ann", "display_name": "ann", "email": "ann@acme.example"},
    }  # fmt: skip
    file = {
        "id": "F1", "name": "a.csv", "mimetype": "text/csv", "size": 3, "url_private_download": "http://127.0.0.1:9/f"
    }  # fmt: skip
    spoken = {"user": user, "ts": "1700000001.000100", "thread_ts": "1700000000.000100"}
    said = {
        "private": {**spoken, "type": "message", "channel_type": "im", "channel": home, "text": f"note {ref} hello"},
        "mention": {**spoken, "type": "app_mention", "channel": group, "text": f"<@UBOT> lead {ref}"},
        "file": {**spoken, "type": "message", "channel_type": "im", "channel": home, "text": "these", "files": [file]},
        "home": {"type": "app_home_opened", "tab": "home", "user": user, "channel": home},
        "came": {"type": "team_join", "user": known},
        "changed": {"type": "user_change", "user": known},
        "shared": {
            "type": "link_shared", "user": user, "channel": group, "message_ts": "1700000001.000100",
            "links": [{"url": f"{world.bot.settings.public_url}/l/{ref}", "domain": "x"}], "unfurl_id": "C.1",
            "source": "conversations_history",
        },
    }  # fmt: skip
    return {name: world.wire.event(event) for name, event in said.items()}


def slack_taps(world: World, ref: str) -> Payloads:
    driver = world.chat("slack", "ann")
    assert isinstance(driver, SlackDriver)
    card, form = driver.writes(f"lead {ref}"), driver.says(f"log {ref}")
    user, filled = driver.user, dict(_values(form.raw["blocks"], {"note": "hello"}))
    menu = world.wire.message_action(user, "message.log", card.place)
    searching = world.wire.suggestion(user, form.raw, "lead", "lead", "ann")
    return {
        "tap": world.wire.tap(user, card.place, *control(card.raw["blocks"], "No answer")),
        "form": world.wire.submit(user, form.raw, filled),
        "menu": menu,
        "search": searching,
    }


def wecom_calls(world: World, ref: str) -> Payloads:
    card = world.chat("wecom", "ann").says(f"lead {ref}")
    key = next(button["key"] for button in card.raw["button_list"] if button["text"] == "No answer")
    chosen = {"SelectedItem": [{"QuestionKey": "q", "OptionIds": {"OptionId": "a"}}]}
    event = {"MsgType": "event"}
    return {
        "text": {"MsgType": "text", "Content": f"note {ref} hello", "MsgId": "1"},
        "file": {"MsgType": "file", "MediaId": "m", "FileName": "a.csv", "FileSize": "3", "MsgId": "2"},
        "voice": {"MsgType": "voice", "MediaId": "m", "Format": "amr", "MsgId": "3"},
        "menu": event | {"Event": "click", "EventKey": "my"},
        "tap": event | {
            "Event": "template_card_event", "EventKey": key, "TaskId": card.raw["task_id"], "ResponseCode": "c",
            "CardType": card.raw["card_type"], "SelectedItems": chosen,
        },
        "opened": event | {"Event": "enter_agent"},
        "colleague": event | {
            "Event": "change_contact", "ChangeType": "update_user", "UserID": "bob", "Name": "Bob", "Department": "1,2",
            "IsLeaderInDept": "1,0", "MainDepartment": "1", "BizMail": "bob@acme.example", "Status": "1",
        },
        "unit": event | {
            "Event": "change_contact", "ChangeType": "create_party", "Id": "7", "Name": "West", "ParentId": "1"
        },
        "customer": event | {
            "Event": "change_external_contact", "ChangeType": "add_external_contact", "UserID": "ann",
            "ExternalUserID": "wm1", "State": "s", "WelcomeCode": "w",
        },
        "lost": event | {
            "Event": "change_external_contact", "ChangeType": "transfer_fail", "UserID": "ann",
            "ExternalUserID": "wm1", "FailReason": "customer_refused",
        },
    }  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every way to a part of it."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        yield (*path, key)
        yield from places(inner, (*path, key))


def bent(payload: dict[str, Any], path: tuple[Any, ...], junk: Any) -> dict[str, Any]:
    changed = copy.deepcopy(payload)
    within = changed
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = junk
    return changed


@st.composite
def bending(draw: Any, payloads: Payloads) -> tuple[str, dict[str, Any]]:
    """A proper one that nobody has sent yet, with something else in one place of it."""
    name = draw(st.sampled_from(sorted(payloads)))
    fresh = {key: unique() for key in ("event_id", "MsgId", "TaskId") if key in payloads[name]}
    path = draw(st.sampled_from(sorted(places(payloads[name]), key=str)))
    return name, bent(payloads[name] | fresh, path, draw(JUNK))


def failed() -> float:
    """How often this process has made a mistake so far."""
    metrics = [metric for metric in REGISTRY.collect() if metric.name == "sluice_interactions"]
    return sum(
        each.value for metric in metrics for each in metric.samples
        if each.labels.get("outcome") == "failed" and each.name.endswith("_total")
    )  # fmt: skip


def tried(payloads: Payloads, send: Callable[[dict[str, Any]], int]) -> None:
    """Send bent ones for a while."""

    @settings(max_examples=TRIES, database=None)
    @given(bending(payloads))
    def attempt(drawn: tuple[str, dict[str, Any]]) -> None:
        before = failed()
        assert (send(drawn[1]) < 500, failed() - before) == (True, 0)

    attempt()


def test_bent_events_of_slack(world: World) -> None:
    ref = world.lead(owner="ann")
    tried(slack_events(world, ref), lambda payload: world.wire.push(payload).status_code)


def test_bent_taps_and_forms_of_slack(world: World) -> None:
    ref = world.lead(owner="ann")
    tried(slack_taps(world, ref), lambda payload: world.wire.interact(payload).status_code)


def test_bent_calls_of_wecom(world: World) -> None:
    ref = world.lead(owner="ann")
    user, caller = person(world, "wecom"), world.caller
    tried(
        wecom_calls(world, ref), lambda fields: caller.post(*caller.sealed(caller.message(user, **written(fields))))[0]
    )


def written(value: Any) -> Any:
    """As XML has it: words, and tags within tags."""
    match value:
        case dict():
            return {name: written(each) for name, each in value.items()}
        case list():
            return [written(each) for each in value]
        case _:
            return "" if value is None else str(value)
