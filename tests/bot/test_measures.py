"""What a process counts: each interaction by what it was and how it ended, each try to send, and no names of people."""

import json
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from bot import measures
from bot.interaction import Interaction
from crm.errors import LeadNotFound
from ops import worker
from tests.doubles.slack_http import refused, throttled


def counted(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize("platform", ["slack", "wecom", "playground"])
def test_what_was_done_is_counted_by_its_command_and_how_it_ended(world, platform):
    def figures():
        return [
            counted("sluice_interactions_total", platform=platform, command=command, outcome=outcome)
            for command, outcome in (("my", "done"), ("claim", "lead_not_found"))
        ]

    before, answered = figures(), counted("sluice_answer_seconds_count", platform=platform)
    chat = world.chat(platform, "ann")
    chat.says("my")
    chat.says("claim L-999999")
    assert [after - former for after, former in zip(figures(), before, strict=True)] == [1, 1]
    assert counted("sluice_answer_seconds_count", platform=platform) == answered + 2


def test_a_line_tells_what_was_done_for_which_delivery_and_how_it_ended():
    asked = Interaction(platform="slack", workspace="T1", user="U1", kind="command", text="my", key="k1")
    with (
        capture_logs(processors=[measures.structlog.contextvars.merge_contextvars]) as lines,
        measures.doing(asked, "slack:T1:k1") as doing,
    ):
        measures.about("claim")
        doing.refused(LeadNotFound(ref="L-1"))
    line = lines[-1]
    assert (line["delivery"], line["command"], line["outcome"]) == ("slack:T1:k1", "claim", "lead_not_found")
    assert "U1" not in json.dumps(line)


def test_what_breaks_is_counted_as_failed():
    asked = Interaction(platform="slack", workspace="T1", user="U1", kind="home", text="", key="k2")
    before = counted("sluice_interactions_total", platform="slack", command="home", outcome="failed")
    with pytest.raises(ZeroDivisionError), measures.doing(asked, "slack:T1:k2"):
        raise ZeroDivisionError
    assert counted("sluice_interactions_total", platform="slack", command="home", outcome="failed") == before + 1


def test_each_try_to_send_and_each_wait_for_a_limit_is_counted(world, monkeypatch):
    def figures():
        tries = [
            counted("sluice_deliveries_total", platform="slack", topic="dispatch.held", result=result)
            for result in ("sent", "later", "dead")
        ]
        return [*tries, counted("sluice_limiter_wait_seconds_count", platform="slack")]

    world.chat("slack", "ann")
    before = figures()
    with world.database.begin(world.acme.org_id) as uow:
        for number in range(4):
            data = {"leads": [1] * (number + 1)}
            uow.notify("dispatch.held", to=world.acme.member["ann"], key=f"k{number}", data=data)
    with world.database.begin(world.acme.org_id) as uow:
        messages = uow.session.scalars(text("select id from message where org_id = :o"), {"o": uow.org_id}).all()
    world.slack.faults.add("chat.postMessage", throttled(3), refused("missing_scope"))
    for wait, message in zip((None, None, None, 2.0), messages, strict=True):
        monkeypatch.setattr("bot.deliver.Delivery._wait", lambda *_, wait=wait: wait)
        world.work.deliver(world.acme.org_id, message, 0)
    assert [after - former for after, former in zip(figures(), before, strict=True)] == [1, 1, 1, 1]


def test_a_line_about_a_decision_names_it_and_belongs_to_the_request_and_the_delivery(world):
    ref = world.lead(owner="bob")
    with capture_logs(processors=[measures.structlog.contextvars.merge_contextvars]) as lines:
        world.chat("slack", "ann").says(f"claim {ref}")
    [decided] = [line for line in lines if line["event"] == "decided"]
    [ended] = [line for line in lines if line["event"] == "interaction"]
    with world.database.begin(world.acme.org_id) as uow:
        known = uow.session.scalars(text("select id from decision where org_id = :o"), {"o": uow.org_id}).all()
    assert (decided["kind"], decided["first"], decided["last"]) == ("refusal", known[-1], known[-1])
    assert (decided["request"], decided["delivery"]) == (ended["request"], ended["delivery"])


def test_a_job_gives_its_number_name_and_organization_to_every_line(world):
    job = SimpleNamespace(job=SimpleNamespace(id=17, task_name="deliver"))
    bound = worker._named(lambda **_: get_contextvars())(job, org_id=3)
    assert bound == {"job": 17, "task": "deliver", "org": 3}
    assert "job" not in get_contextvars()
