"""What a process counts: each interaction by what it was and how it ended, each try to send, and no names of people."""

import json

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from bot import measures
from bot.interaction import Interaction
from crm.errors import LeadNotFound


def counted(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize("platform", ["slack", "wecom", "playground"])
def test_what_was_done_is_counted_by_its_command_and_how_it_ended(world, platform):
    def figures():
        return [
            counted("sluice_interactions_total", platform=platform, command=command, outcome=outcome)
            for command, outcome in (("my", "done"), ("claim", "lead_not_found"))
        ]

    before = figures()
    chat = world.chat(platform, "ann")
    chat.says("my")
    chat.says("claim L-999999")
    assert [after - former for after, former in zip(figures(), before, strict=True)] == [1, 1]


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
