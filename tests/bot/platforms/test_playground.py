"""The playground as a platform: posts once, edits in place, numbers its messages so that no reader misses one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from bot.cards.model import Card, Text
from bot.platforms import playground_store as store
from bot.platforms.base import Address, CardGone, TriggerExpired, Unavailable, Workspace
from bot.platforms.playground import PlaygroundPlatform
from crm.db import Database
from ops.sockets import Sockets
from tests import build
from tests.drivers.playground_stage import LEAD, LOG, TAKEN, no_valkey, valkey

ANN = Address("person", "ann")


@pytest.fixture
def redis(engines: Sockets) -> Iterator[Redis]:
    client = valkey(engines)
    yield client
    client.close()


@pytest.fixture
def platform(database: Database, redis: Redis) -> PlaygroundPlatform:
    return PlaygroundPlatform(database, redis)


@pytest.fixture
def workspace(database: Database) -> Workspace:
    company = build.company(database)
    return Workspace(company.workspace["playground"], company.org_id, "playground", "playground")


def seen(database: Database, workspace: Workspace, viewer: str, since: int = 0) -> list[tuple[str, str]]:
    with database.begin(workspace.org_id) as uow:
        return [(each.conversation, (each.card or {}).get("title", "")) for each in store.read(uow, viewer, since)]


def test_a_repeated_send_posts_once(platform: PlaygroundPlatform, workspace: Workspace, database: Database) -> None:
    first = platform.send(workspace, ANN, LEAD, key="message 7")
    again = platform.send(workspace, ANN, LEAD, key="message 7")
    assert first == again
    assert seen(database, workspace, "ann") == [("dm:ann", LEAD.title)]


def test_the_same_key_in_two_organizations_is_two_messages(platform: PlaygroundPlatform, database: Database) -> None:
    companies = [build.company(database) for _ in range(2)]
    spaces = [Workspace(each.workspace["playground"], each.org_id, "playground", "playground") for each in companies]
    handles = [platform.send(each, ANN, LEAD, key="message 7") for each in spaces]
    assert handles[0] != handles[1]
    assert [seen(database, each, "ann") for each in spaces] == [[("dm:ann", LEAD.title)]] * 2


def test_an_update_shows_the_new_card_in_the_same_place(
    platform: PlaygroundPlatform, workspace: Workspace, database: Database
) -> None:
    handle = platform.send(workspace, Address("group", "north"), LEAD, key="a")
    assert platform.update(workspace, handle, TAKEN) == handle
    assert seen(database, workspace, "bob") == [("group:north", TAKEN.title)]


@pytest.mark.parametrize("handle", [{}, {"message": 0}, {"message": 987654321}])
def test_a_card_that_does_not_stand_any_more_cannot_be_edited(
    platform: PlaygroundPlatform, workspace: Workspace, handle: dict[str, int]
) -> None:
    with pytest.raises(CardGone):
        platform.update(workspace, handle, TAKEN)


def test_another_organization_cannot_edit_the_card(
    platform: PlaygroundPlatform, workspace: Workspace, database: Database
) -> None:
    handle = platform.send(workspace, ANN, LEAD, key="a")
    stranger = build.company(database)
    with pytest.raises(CardGone):
        platform.update(Workspace(1, stranger.org_id, "playground", "playground"), handle, TAKEN)


def test_a_late_answer_in_a_group_is_for_its_asker(
    platform: PlaygroundPlatform, workspace: Workspace, database: Database
) -> None:
    platform.send(workspace, Address("answer", "group:north ann"), LEAD, key="a")
    assert seen(database, workspace, "ann") == [("group:north", LEAD.title)]
    assert seen(database, workspace, "bob") == []


def test_a_dialog_needs_a_tap(platform: PlaygroundPlatform, workspace: Workspace) -> None:
    with pytest.raises(TriggerExpired):
        platform.open_form(workspace, "trigger", LOG)


def test_characters_that_no_database_takes_are_left_out(
    platform: PlaygroundPlatform, workspace: Workspace, database: Database
) -> None:
    platform.send(workspace, ANN, Card("zero\x00 \u202eback", (Text("half \ud83d"),)), key="a")
    assert seen(database, workspace, "ann") == [("dm:ann", "zero back")]


def test_with_redis_gone_a_message_still_stands(workspace: Workspace, database: Database) -> None:
    alone = PlaygroundPlatform(database, no_valkey())
    alone.send(workspace, ANN, LEAD, key="a")
    assert seen(database, workspace, "ann") == [("dm:ann", LEAD.title)]


def test_with_the_database_gone_the_job_may_try_again(redis: Redis, workspace: Workspace) -> None:
    nowhere = Database("postgresql+psycopg://nobody@/none?host=/nonexistent")
    with pytest.raises(Unavailable):
        PlaygroundPlatform(nowhere, redis).send(workspace, ANN, LEAD, key="a")


def test_a_reader_never_misses_a_message_while_many_write(
    platform: PlaygroundPlatform, workspace: Workspace, database: Database
) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(platform.send, workspace, ANN, LEAD, key=f"m{number}") for number in range(160)]
        read: list[int] = [platform.send(workspace, ANN, LEAD, key="first")["message"]]
        while not all(each.done() for each in sent):
            read.extend(_newer(database, workspace, read[-1]))
    read.extend(_newer(database, workspace, read[-1]))
    assert set(read) >= {each.result()["message"] for each in sent if each.result()["message"] > read[0]}


def _newer(database: Database, workspace: Workspace, since: int) -> list[int]:
    with database.begin(workspace.org_id) as uow:
        return [each.id for each in store.read(uow, "ann", since)]
