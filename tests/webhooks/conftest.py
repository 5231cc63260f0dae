"""Slack's door with a script behind it, opened once a file."""

from collections.abc import Iterator

import pytest

from tests.doubles.slack import Message
from tests.webhooks.slack_kit import Stage, post, staged


@pytest.fixture(scope="module")
def running() -> Iterator[Stage]:
    with staged() as ready:
        yield ready


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.reset()
    return running


@pytest.fixture
def posted(stage: Stage) -> dict[str, Message]:
    return post(stage)
