"""Whether this process lives, whether it can work, and its figures."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from webhooks.figures import Figures


def router(bot: Bot) -> APIRouter:
    routes, ours = APIRouter(tags=["health"]), CollectorRegistry()
    ours.register(Figures(bot.database))

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @routes.get("/readyz", responses={503: {"description": "The database is away."}})
    async def ready(response: Response) -> dict[str, str]:
        """The database answers; Redis is an aid, so its absence is told but no reason to send nobody here."""
        state = await run_in_threadpool(_state, bot)
        response.status_code = 200 if state["database"] == "ok" else 503
        return state

    @routes.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        told = await run_in_threadpool(lambda: generate_latest(REGISTRY) + generate_latest(ours))
        return Response(told, media_type=CONTENT_TYPE_LATEST)

    return routes


def _state(bot: Bot) -> dict[str, str]:
    return {"database": _database(bot), "redis": _redis(bot)}


def _database(bot: Bot) -> str:
    try:
        with bot.database.session() as session:
            session.execute(text("select 1"))
    except (DBAPIError, PoolTimeout):
        return "away"
    return "ok"


def _redis(bot: Bot) -> str:
    try:
        bot.redis.ping()
    except (RedisError, OSError):
        return "away"
    return "ok"
