"""The web process: one FastAPI application with a room for each door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI

from bot.app import Bot
from crm.rules.modules import CORE
from webhooks import api, calendar_feed, exports, files, health, links, playground, slack, wecom
from webhooks.express import Express
from webhooks.forms import router as forms
from webhooks.intake import router as intake
from webhooks.requests import Numbered

# To which module each door belongs, by what its address begins with. What an organization does without answers like an
# address that there never was, as soon as it is known whose it would be.
MODULE_OF = {
    "/healthz": CORE, "/readyz": CORE, "/metrics": CORE, "/slack/": CORE, "/wecom/": CORE, "/intake/": CORE,
    "/l/": CORE, "/playground": CORE, "/person/": CORE, "/export/": "export", "/file/": "files",
    "/calendar/": "calendar", "/api/v1/": "api", "/f/": "forms", "/e/": "events",
}  # fmt: skip


def create_app(bot: Bot) -> FastAPI:
    """All doors of one bot; the playground only where it is enabled."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # More threads than connections would only queue inside the pool, and there they time out.
        to_thread.current_default_thread_limiter().total_tokens = bot.settings.pool_size
        yield

    app = FastAPI(title="Sluice", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None)
    busy = [slack.router(bot), wecom.router(bot), intake.router(bot)]
    app.add_middleware(Express, routers=busy)
    app.add_middleware(Numbered, https=bot.settings.public_url.startswith("https:"))
    for each in busy:
        app.include_router(each)
    app.include_router(api.router(bot))
    app.include_router(health.router(bot))
    app.include_router(exports.router(bot))
    app.include_router(files.router(bot))
    app.include_router(calendar_feed.router(bot))
    app.include_router(links.router())
    app.include_router(forms.router(bot))
    if bot.settings.playground:
        app.include_router(playground.router(bot))
    return app
