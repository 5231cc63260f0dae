"""The playground as a chat platform: its server is a table, its push a Redis channel that pages may also do without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redis import Redis
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.aid import Aid
from bot.cards import as_json, fit
from bot.cards.model import Card, Form
from bot.interaction import Interaction
from bot.platforms import playground_store as store
from bot.platforms.base import AGAIN, Address, CardGone, Handle, Rejected, TriggerExpired, Unavailable, Workspace
from bot.platforms.playground_tables import PlaygroundMessage
from crm.db import Database

CHANNEL = "sluice:playground"


class PlaygroundPlatform:
    """Posts and edits cards in the playground's own store; safe to share by threads."""

    name = "playground"

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis, self._aid = redis, Aid()

    def render(self, card: Card) -> dict[str, Any]:
        """The neutral card as JSON, without the characters that a browser or the database would stumble over."""
        cleaned: dict[str, Any] = _clean(as_json.to_json(card))
        return cleaned

    def render_form(self, form: Form) -> dict[str, Any]:
        """A dialog as JSON, likewise."""
        cleaned: dict[str, Any] = _clean(as_json.to_json(form))
        return cleaned

    def cost(self, card: Card) -> int:  # noqa: ARG002  (a protocol's method)
        """One message, whatever is in it."""
        return 1

    def answers_inline(self, interaction: Interaction, *, in_place: bool) -> bool:  # noqa: ARG002  # as the protocol has it
        """Always: the page waits for its answer."""
        return True

    def has_dialog_for(self, interaction: Interaction) -> bool:  # noqa: ARG002  (a protocol's method)
        """Dialogs hold forms only."""
        return False

    def send(self, workspace: Workspace, to: Address, card: Card, *, key: str) -> Handle:
        """Post a card once per key. Raises Unavailable while the database is away."""
        place, _, person = conversation(to).partition(" ")
        stem = key.removesuffix(AGAIN)
        draft = store.Draft(conversation=place, card=self.render(card), private_to=person or None, key=stem)
        return {"message": self.post(workspace.org_id, draft).id}

    def update(self, workspace: Workspace, handle: Handle, card: Card) -> Handle:
        """Show another card in place of the posted one. Raises CardGone when it does not stand any more."""
        if self.edit(workspace.org_id, handle.get("message", 0), card) is None:
            raise CardGone("message_not_found")
        return handle

    def typed_answers(self, form: Form, text: str) -> None:  # noqa: ARG002  (the protocol's)
        """Forms are dialogs here."""
        return None  # noqa: RET501

    def fetch_file(self, workspace: Workspace, handle: Handle) -> bytes:
        """What the page has uploaded. Raises Rejected when it is gone, Unavailable."""
        try:
            with self._database.begin(workspace.org_id) as uow:
                found = store.bytes_of(uow, handle.get("file", 0))
        except (DBAPIError, PoolTimeout) as exc:
            raise _failure(exc) from exc
        if found is None:
            raise Rejected("file_not_found")
        return found

    def open_form(self, workspace: Workspace, trigger: str, form: Form) -> None:  # noqa: ARG002  # as the protocol has it
        """A dialog travels in the answer of a tap only. Raises TriggerExpired."""
        raise TriggerExpired("no_dialog_outside_an_answer")

    def post(self, org_id: int, draft: store.Draft) -> PlaygroundMessage:
        """Write a message and wake the pages that wait for it."""
        try:
            with self._database.begin(org_id) as uow:
                message = store.post(uow, draft)
        except (DBAPIError, PoolTimeout) as exc:
            raise _failure(exc) from exc
        self.wake()
        return message

    def keep(self, org_id: int, name: str, content: bytes) -> int:
        """Hold an uploaded file, as every chat platform does; returns its number."""
        try:
            with self._database.begin(org_id) as uow:
                return store.keep(uow, name, content)
        except (DBAPIError, PoolTimeout) as exc:
            raise _failure(exc) from exc

    def edit(self, org_id: int, message_id: int, card: Card) -> PlaygroundMessage | None:
        """Show another card in place and wake the pages; None when there is no such message."""
        try:
            with self._database.begin(org_id) as uow:
                message = store.edit(uow, message_id, self.render(card))
        except (DBAPIError, PoolTimeout) as exc:
            raise _failure(exc) from exc
        self.wake()
        return message

    def wake(self) -> None:
        """Tell the open pages that there is something new; without Redis they find out by looking."""
        self._aid.ask(lambda: self._redis.publish(CHANNEL, "news"), lambda: 0)


def conversation(to: Address) -> str:
    """Where an address leads to: `dm:ann`, `group:north`; a late answer's names its reader too: `group:north ann`."""
    match to.kind:
        case "person":
            return f"dm:{to.external_id}"
        case "answer":
            return to.external_id
        case _:
            return f"group:{to.external_id}"


def _clean(value: Any) -> Any:
    match value:
        case str():
            return fit.clean(value)
        case list():
            return [_clean(item) for item in value]
        case Mapping():
            return {name: _clean(item) for name, item in value.items()}
        case _:
            return value


def _failure(exc: DBAPIError | PoolTimeout) -> Unavailable | Rejected:
    if isinstance(exc, OperationalError | PoolTimeout):
        return Unavailable("database_away")
    return Rejected(f"database_refuses {type(exc).__name__}")
