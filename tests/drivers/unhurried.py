"""A machine that is busy with other tests makes nobody at Slack late: what runs out there runs out by its double."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.platforms import slack
from webhooks import slack_answers


@contextmanager
def unhurried() -> Iterator[None]:
    """Forms open however long it took to draw them, and a stranger's profile is waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slack_answers, "TRIGGER_LIVES", 60.0)
        patch.setattr(slack_answers, "PATIENCE", 5.0)
        patch.setattr(slack, "PROFILE_TIMEOUT", 20)
        yield
