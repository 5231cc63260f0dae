"""One lead through the logs: from a post to the cards that it led to, by the numbers on the lines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from ops.worker import _named
from tests.webhooks.intake import kit
from tests.world import World


def works_like_a_worker(world: World) -> None:
    """Do the jobs that are due, each under its number."""
    for job in world._due():
        _named(world.work.by_name()[job.task_name])(SimpleNamespace(job=job), **job.args)


def lines(logs: list[Any], event: str, **numbers: Any) -> list[Any]:
    return [line for line in logs if line["event"] == event and numbers.items() <= line.items()]


def test_from_a_post_to_the_card_that_tells_of_it(world: World) -> None:
    source = kit.make(world.database, world.acme, "json")
    with capture_logs(processors=[merge_contextvars]) as logs:
        bearer = {"Authorization": f"Bearer {source.key}", "X-Request-ID": "post-7"}
        answer = world.client.post(f"/intake/{source.word}", json={"phone": "13800138000"}, headers=bearer)
        works_like_a_worker(world)
    [taken], [decided] = lines(logs, "intake", request="post-7"), lines(logs, "decided", request="post-7")
    [deferred] = lines(logs, "deferred", request="post-7")
    sent = [line for job in deferred["jobs"] for line in lines(logs, "deliver", job=job)]
    assert (taken["lead"], taken["status"], decided["many"]) == (answer.json()["ref"], 201, 1)
    assert {(line["topic"], line["result"], line["org"]) for line in sent} == {
        ("lead.dispatched", "sent", world.acme.org_id)
    }


def test_from_a_tap_to_the_card_of_the_group_that_is_drawn_anew(world: World) -> None:
    world.arrives()
    ann = world.chat("slack", "ann")
    with capture_logs(processors=[merge_contextvars]) as logs:
        ann.says("claim next")
        works_like_a_worker(world)
    [claimed] = [line for line in lines(logs, "interaction") if line["command"] == "claim"]
    deferred = lines(logs, "deferred", delivery=claimed["delivery"], request=claimed["request"])
    jobs = [job for line in deferred for job in line["jobs"]]
    assert {line["job"] in jobs for line in lines(logs, "edited")} == {True}


def test_what_is_no_source_of_ours_is_not_written_down(world: World) -> None:
    with capture_logs(processors=[merge_contextvars]) as logs:
        assert world.client.post("/intake/13800138000", json={}).status_code == 404
    assert logs == []
