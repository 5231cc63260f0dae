"""The playground's routes: a chat in the browser, and the same things for whoever drives Sluice from outside."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from bot.cards.as_json import card_from_json
from bot.platforms import playground_store as store
from bot.platforms.playground import PlaygroundPlatform
from crm import clock
from webhooks.playground import clock as clock_control
from webhooks.playground import people, words
from webhooks.playground.assets import Assets
from webhooks.playground.bodies import BIGGEST, Name, Number, Press, Say, SetClock, Upload
from webhooks.playground.chat import Chat
from webhooks.playground.guard import Refused, check_settings, route_class
from webhooks.playground.shown import shown
from webhooks.playground.stream import News, Wakeup, events
from webhooks.playground.uploads import download

As = Annotated[Name, Query(alias="as")]
Since = Annotated[int, Query(ge=0, le=BIGGEST)]
PER_MINUTE = RateLimitItemPerMinute(3000)
Told = dict[str, Any]
Door = Callable[..., Chat]


def router(bot: Bot) -> APIRouter:
    """The playground's door. Raises SettingsError when it would stand open to strangers."""
    check_settings(bot.settings)
    platform = bot.platforms["playground"]
    assert isinstance(platform, PlaygroundPlatform)
    routes = APIRouter(prefix="/playground", route_class=route_class(bot.settings))

    def chat(workspace: Annotated[Name, Query()] = "playground") -> Chat:
        return Chat(bot, platform, workspace)

    _page(routes)
    _talking(routes, chat)
    _reading(routes, chat)
    _beside(routes, chat)
    _stream(routes, chat, Wakeup(bot.redis))
    _clock(routes, chat)
    return routes


def _page(routes: APIRouter) -> None:
    assets = Assets()

    @routes.get("", include_in_schema=False)
    def page(request: Request) -> Response:
        return assets.serve("index.html", request)

    @routes.get("/static/{name}", include_in_schema=False)
    def static(name: str, request: Request) -> Response:
        return assets.serve(name, request)


def _talking(routes: APIRouter, door: Door) -> None:
    limiter = FixedWindowRateLimiter(MemoryStorage())

    def slowly(who: str) -> None:
        if not limiter.hit(PER_MINUTE, who):
            raise Refused(429, "Too fast: wait a minute.", {"Retry-After": "60"})

    @routes.post("/api/say")
    def say(body: Say, chat: Annotated[Chat, Depends(door)]) -> Told:
        """Type a line to Sluice or in a group."""
        slowly(body.who)
        return chat.say(body)

    @routes.post("/api/upload")
    def upload(body: Upload, chat: Annotated[Chat, Depends(door)]) -> Told:
        """Drop a sheet, a picture or a recording into the chat, with words or without."""
        slowly(body.who)
        return chat.upload(body)

    @routes.post("/api/press")
    def press(body: Press, chat: Annotated[Chat, Depends(door)]) -> Told:
        """Tap a button, choose an option, or send a form."""
        slowly(body.who)
        return chat.press(body)


def _reading(routes: APIRouter, door: Door) -> None:
    @routes.get("/api/people")
    def who(chat: Annotated[Chat, Depends(door)]) -> Told:
        """The personas and groups."""
        workspace = chat.workspace()
        with chat.bot.database.begin(workspace.org_id) as uow:
            return people.listed(uow, workspace)

    @routes.get("/api/words")
    def known(lang: Name = "en") -> Told:
        """The words that Sluice knows, with an example each."""
        return {"words": words.hints(lang)}

    @routes.get("/api/messages")
    def messages(viewer: As, chat: Annotated[Chat, Depends(door)], since: Since = 0) -> Told:
        """What this person sees; with `since` (any earlier `rev` or `cursor`) only what is new or was edited."""
        news = _news(chat, viewer, since)
        return {"messages": news.messages, "cursor": news.cursor}

    @routes.get("/api/inboxes")
    def inboxes(chat: Annotated[Chat, Depends(door)]) -> Told:
        """How far everybody's private chat has come: numbers only, to count what waits."""
        with chat.bot.database.begin(chat.workspace().org_id) as uow:
            return {"inboxes": store.inboxes(uow), "latest": store.latest(uow)}

    @routes.get("/api/home")
    def home(viewer: As, chat: Annotated[Chat, Depends(door)]) -> Told:
        """The worklist for the side panel."""
        card = chat.home(viewer)
        return {"card": chat.platform.render(card) if card else None}


def _beside(routes: APIRouter, door: Door) -> None:
    @routes.get("/api/file")
    def file(viewer: As, message: Number, chat: Annotated[Chat, Depends(door)]) -> Response:
        """The file that came with a message."""
        found = chat.find(viewer, message).file
        if found is None:
            raise Refused(404, "That message has no file.")
        return download(found["name"], found["mime"], chat.file(found))

    @routes.get("/api/rendered")
    def rendered(viewer: As, message: Number, chat: Annotated[Chat, Depends(door)]) -> Told:
        """The JSON that each chat platform would get for a card."""
        card = chat.find(viewer, message).card
        if card is None:
            raise Refused(404, "That message is not a card.")
        return {name: platform.render(card_from_json(card)) for name, platform in chat.bot.platforms.items()}


def _stream(routes: APIRouter, door: Door, wakeup: Wakeup) -> None:
    @routes.get("/api/stream", include_in_schema=False)
    async def stream(
        viewer: As, chat: Annotated[Chat, Depends(door)], since: Since = 0, last_event_id: Annotated[str, Header()] = ""
    ) -> Response:
        """What is new, pushed as it happens; a browser that comes back says what it saw last."""
        start = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else since

        async def read(after: int) -> News | None:
            return await run_in_threadpool(_news_or_none, chat, viewer, after)

        return StreamingResponse(events(wakeup, read, min(start, BIGGEST)), media_type="text/event-stream")


def _clock(routes: APIRouter, door: Door) -> None:
    @routes.get("/api/clock")
    def show(chat: Annotated[Chat, Depends(door)]) -> Told:
        """What time it is here."""
        with chat.bot.database.begin() as uow:
            return clock_control.told(uow)

    @routes.post("/api/clock")
    def move(body: SetClock, chat: Annotated[Chat, Depends(door)]) -> Told:
        """Set, shift or reset the shared clock; what has fallen due happens at once."""
        with chat.bot.database.begin() as uow:
            told = clock_control.move(uow, body)
        chat.platform.wake()
        return told


def _news(chat: Chat, viewer: str, since: int) -> News:
    with chat.bot.database.begin(chat.workspace().org_id) as uow:
        found = store.read(uow, viewer, since)
        shift, latest = clock.offset(uow.session).total_seconds(), store.latest(uow)
    return News([shown(message) for message in found], found[-1].rev if found else since, shift, latest)


def _news_or_none(chat: Chat, viewer: str, since: int) -> News | None:
    """A stream outlives a database that is away for a while."""
    try:
        return _news(chat, viewer, since)
    except (DBAPIError, PoolTimeout, Refused):
        return None
