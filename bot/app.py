"""The bot as one object: what the doors and the worker are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.platforms.base import Platform
from crm.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

    from bot.dispatcher import Dispatcher
    from bot.workspaces import Workspaces
    from crm.db import Database


@dataclass(frozen=True, slots=True)
class Bot:
    """Composed once per process by `ops/runtime.py`.

    Args:
        dispatcher: `dispatch(Interaction) -> Answer`, safe to call from many threads.
        workspaces: finds installations by platform and id, secrets decrypted.
        platforms: the adapters by name.
        database: engine and session factory; `redis` is an aid and may be down at any time.
    """

    settings: Settings
    database: Database
    redis: Redis
    workspaces: Workspaces
    platforms: Mapping[str, Platform]
    dispatcher: Dispatcher
