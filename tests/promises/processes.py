"""Real web and worker processes that can be killed at any moment: what `sluice serve` and `sluice worker` run.

They are forked from a process that has imported everything, so that a start takes a fraction of a second.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from tests import build
from tests.doubles.slack import SlackDouble
from tests.doubles.wecom import WeComDouble
from tests.drivers.slack_wire import SECRET

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.promises.preload"])
Environment = Mapping[str, str]


def environment(database_url: str, redis_url: str, slack: SlackDouble, wecom: WeComDouble, port: int) -> Environment:
    """The settings of a process that talks to the doubles."""
    return {
        "SLUICE_DATABASE_URL": database_url, "SLUICE_REDIS_URL": redis_url, "SLUICE_SECRET_KEY": build.SECRET,
        "SLUICE_SLACK_SIGNING_SECRET": SECRET, "SLUICE_SLACK_API_URL": slack.api_url, "SLUICE_WECOM_API_URL": wecom.url,
        "SLUICE_PORT": str(port), "SLUICE_STATEMENT_TIMEOUT_MS": "20000",
    }  # fmt: skip


def start_web(env: Environment, **how: Any) -> ForkServerProcess:
    """`sluice serve`; see `answers`. Args: log: a file for what the process says."""
    return _start(serve, env, **how)


def start_worker(env: Environment, **how: Any) -> ForkServerProcess:
    """`sluice worker`, with the arguments of `keep_working`."""
    return _start(work, env, **how)


def serve(env: Environment, log: str = os.devnull) -> None:
    """Runs in the new process."""
    from ops.cli import app

    _settle(env, log)
    app(["serve"], standalone_mode=False)


def work(env: Environment, log: str = os.devnull, concurrency: int = 12, **how: Any) -> None:
    """Runs in the new process."""
    from crm.settings import load
    from ops.logs import configure
    from ops.runtime import compose
    from ops.worker import keep_working

    _settle(env, log)
    configure()
    settings = load(statement_timeout_ms=30_000, pool_size=concurrency + 4)
    asyncio.run(keep_working(compose(settings), concurrency=concurrency, **how))


def kill(process: ForkServerProcess) -> None:
    """kill -9."""
    process.kill()
    process.join()
    process.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(happened: Callable[[], Any], seconds: float = 60) -> Any:
    """What `happened` returns as soon as it is something; an upper bound for hangs, not a measure."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline, f"it did not happen: {happened}"
        time.sleep(0.02)
    return found


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def path_for_children() -> Iterator[None]:
    """The forked processes find the tests as this one does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[2])
        yield


def _start(target: Callable[..., None], env: Environment, **how: Any) -> ForkServerProcess:
    process = FORKED.Process(target=target, args=(dict(env),), kwargs=how, daemon=True)
    process.start()
    return process


def _settle(env: Environment, log: str) -> None:
    """Be as quiet and as alone as a process of its own; what it says goes out line by line."""
    os.environ.update(env)
    sys.stdout = sys.stderr = Path(log).open("a", buffering=1)  # noqa: SIM115 - for the life of the process
