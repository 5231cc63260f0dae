"""One token for all processes: kept in PostgreSQL, fast through Redis, fetched by one of many."""

import threading
import time as machine
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text

from bot.platforms.base import Address, Unavailable, Workspace
from bot.platforms.wecom import WeCom
from bot.platforms.wecom_tokens import DatabaseTokens, RedisTokens, SharedTokens, Token, token_key
from crm import clock
from crm.db import Database
from crm.vault import Vault
from ops.sockets import Sockets
from tests.bot.platforms.wecom_kit import lead_card
from tests.build import SECRET, company
from tests.doubles.wecom import WeComDouble

TEXT = {"msgtype": "text", "text": {"content": "x"}}
NOWHERE = Redis(unix_socket_path="/nonexistent/valkey.sock", retry=Retry(NoBackoff(), 0))


@pytest.fixture
def redis(engines: Sockets) -> Iterator[Redis]:
    with Redis(unix_socket_path=str(engines.valkey_socket)) as client:
        client.flushdb()
        yield client


@pytest.fixture
def wecom() -> Iterator[WeComDouble]:
    with WeComDouble() as double:
        yield double


@pytest.fixture
def here(database: Database, wecom: WeComDouble) -> Workspace:
    """An installation in the database, known to the double."""
    made = company(database)
    return Workspace(
        id=made.workspace["wecom"],
        org_id=made.org_id,
        platform="wecom",
        external_id=f"{wecom.corp_id}/{made.org_id}",
        secrets={"secret": wecom.secret},
        config={"corp_id": wecom.corp_id, "agent_id": wecom.agent_id},
    )


@pytest.fixture
def shared(database: Database) -> Callable[[Redis], SharedTokens]:
    """Another process: it shares the stores and nothing else."""
    return lambda redis: SharedTokens(RedisTokens(redis), DatabaseTokens(database, Vault(SECRET)))


def test_a_token_is_found_by_every_process_and_kept_sealed(
    database: Database, redis: Redis, here: Workspace, shared: Callable[[Redis], SharedTokens]
) -> None:
    shared(redis).renew(here, None, lambda: Token("the-token", 7200))
    assert [shared(each).current(here) for each in (redis, NOWHERE)] == ["the-token"] * 2
    with database.begin() as uow:
        stored = uow.session.execute(
            text("select * from platform_token where workspace_id = :id"), {"id": here.id}
        ).one()
    assert b"the-token" not in stored.value
    assert here.secrets["secret"][:10] not in stored.key


def test_a_token_ends_five_minutes_before_its_end(database: Database, redis: Redis, here: Workspace) -> None:
    at = clock.DrivenClock(clock.wall())
    tokens = SharedTokens(RedisTokens(NOWHERE), DatabaseTokens(database, Vault(SECRET), at))
    tokens.renew(here, None, lambda: Token("t", 7200))
    at.advance(seconds=6899)
    assert tokens.current(here) == "t"
    at.advance(seconds=2)
    assert tokens.current(here) is None


def test_a_copy_in_redis_ends_with_the_token(
    redis: Redis, here: Workspace, shared: Callable[[Redis], SharedTokens]
) -> None:
    shared(redis).renew(here, None, lambda: Token("t", 7200))
    assert 6800 < redis.ttl(token_key(here)) <= 6900


def test_a_flushed_redis_is_filled_again_without_asking(
    redis: Redis, here: Workspace, shared: Callable[[Redis], SharedTokens]
) -> None:
    shared(redis).renew(here, None, lambda: Token("t", 7200))
    redis.flushdb()
    assert (shared(redis).current(here), redis.get(token_key(here))) == ("t", b"t")


def test_only_one_of_many_processes_fetches(
    redis: Redis, here: Workspace, shared: Callable[[Redis], SharedTokens]
) -> None:
    fetched, gate = [], threading.Barrier(8)

    def fetch() -> Token:
        fetched.append(machine.sleep(0.05))
        return Token(f"fresh-{len(fetched)}", 7200)

    def renew(tokens: SharedTokens) -> str:
        gate.wait()
        return tokens.renew(here, "stale", fetch)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(renew, [shared(redis) for _ in range(8)]))
    assert (set(found), len(fetched)) == ({"fresh-1"}, 1)


@pytest.mark.parametrize("with_redis", [True, False])
def test_eight_senders_with_a_dead_token_renew_it_once(
    wecom: WeComDouble, redis: Redis, here: Workspace, shared: Callable[[Redis], SharedTokens], with_redis: bool
) -> None:
    store = redis if with_redis else NOWHERE
    platforms = [WeCom(shared(store), api_url=wecom.url) for _ in range(8)]
    platforms[0].client(here).send("ann", TEXT)
    wecom.expire_tokens()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda platform: platform.client(here).send("ann", TEXT), platforms))
    assert (wecom.calls["gettoken"], len(wecom.messages("ann"))) == (2, 9)


def test_a_fetch_that_fails_leaves_the_lock_free(
    redis: Redis, here: Workspace, shared: Callable[[Redis], SharedTokens]
) -> None:
    def fail() -> Token:
        raise Unavailable("wecom gettoken HTTP 500")

    tokens = shared(redis)
    with pytest.raises(Unavailable):
        tokens.renew(here, None, fail)
    assert tokens.renew(here, None, lambda: Token("t", 7200)) == "t"


def test_a_new_secret_has_a_new_token(here: Workspace, shared: Callable[[Redis], SharedTokens]) -> None:
    tokens = shared(NOWHERE)
    tokens.renew(here, None, lambda: Token("t", 7200))
    assert tokens.current(replace(here, secrets={"secret": "rotated"})) is None


def test_a_token_sealed_with_a_lost_key_is_fetched_anew(database: Database, here: Workspace) -> None:
    DatabaseTokens(database, Vault("some other key, lost")).renew(here, None, lambda: Token("old", 7200))
    tokens = SharedTokens(RedisTokens(NOWHERE), DatabaseTokens(database, Vault(SECRET)))
    assert tokens.renew(here, None, lambda: Token("new", 7200)) == "new"


def test_without_any_store_sending_waits_for_better_times(wecom: WeComDouble, here: Workspace) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")
    tokens = SharedTokens(RedisTokens(NOWHERE), DatabaseTokens(away, Vault(SECRET)))
    with pytest.raises(Unavailable, match="token store"):
        WeCom(tokens, api_url=wecom.url).send(here, Address("person", "ann"), lead_card(), key="m:1")
    away.close()


def test_the_playgrounds_shifted_clock_does_not_age_tokens(
    database: Database, here: Workspace, time: clock.DrivenClock, shared: Callable[[Redis], SharedTokens]
) -> None:
    tokens = shared(NOWHERE)
    tokens.renew(here, None, lambda: Token("t", 7200))
    time.set(time() + timedelta(days=90))
    assert tokens.current(here) == "t"
