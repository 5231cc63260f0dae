"""From a post to its answer: find the source, believe it or not, and take the lead in, once however often it comes."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.app import Bot
from crm.errors import Refusal
from crm.models import Source
from crm.rules.arrival import Arrival, FieldErrors
from crm.rules.fields import NAMES
from crm.services import intake, sources
from crm.services.source_watch import WRONG_KEY, Reason
from crm.uow import UnitOfWork
from crm.vault import Vault, VaultError, fingerprint
from webhooks.intake import bodies, standard
from webhooks.intake.formats import FORMATS, Format
from webhooks.intake.post import Answer, Post, TurnedAway
from webhooks.intake.rates import Limiter, Rates
from webhooks.intake.tally import Tally

log = structlog.get_logger(__name__)
RECEIVED = Answer(202, {"status": "received"})
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,130}")
_FIRST = text(
    "insert into delivery (key, org_id, at) values (:key, :org, :now) on conflict (key) do nothing returning key"
)
# What the job engine raises on its own way to the database does not pass SQLAlchemy.
_AWAY = (SQLAlchemyError, psycopg.Error, ConnectorException)
_ANSWERED = text("select answer from delivery where key = :key")
_ANSWER = text("update delivery set answer = cast(:answer as jsonb) where key = :key")


class Reception:
    """Answers posts, from many threads at once."""

    def __init__(self, bot: Bot, rates: Rates) -> None:
        self._database = bot.database
        self._vault = Vault(bot.settings.secret_key.get_secret_value())
        self._limiter = Limiter(bot.redis, rates)
        self.tally = Tally(bot.database)

    def receive(self, post: Post) -> Answer:
        """The answer to a post. Never raises: what cannot be done now is a 503 that asks to come again."""
        try:
            bodies.reader_of(post)
            return self._receive(post)
        except TurnedAway as exc:
            return exc.answer
        except FieldErrors as exc:
            return Answer(422, {"errors": exc.fields})
        except (*_AWAY, Refusal, VaultError) as exc:
            log.warning("intake.postponed", source=post.source, cause=_cause(exc))
            return Answer(503, {"error": "Not possible just now. Send it again later."}, {"Retry-After": "5"})

    def _receive(self, post: Post) -> Answer:
        found = self._locate(post.source)
        for org_id, source_id in found:
            answer = self._try(post, org_id, source_id, alone=len(found) == 1)
            if answer:
                return answer
        if len(found) == 1:
            self.tally.count(*found[0], refused=[("", WRONG_KEY)])
        raise TurnedAway(401, WRONG_KEY, WWW_Authenticate="Bearer")

    def _locate(self, word: str) -> list[tuple[int, int]]:
        """The sources that the address may mean: several organizations may use one word. Raises TurnedAway with 404."""
        key = word.lower()
        if not _SOURCE.fullmatch(key):
            raise TurnedAway(404, "There is no such source.")
        with self._database.begin() as uow:
            found = sources.locate(uow, key)
        if not found:
            raise TurnedAway(404, "There is no such source.")
        return found

    def _try(self, post: Post, org_id: int, source_id: int, *, alone: bool) -> Answer | None:
        """The answer of one source; None when the post is not for it."""
        public = False
        try:
            with self._database.begin(org_id) as uow:
                source = sources.get(uow, source_id)
                if source is None or not self._believes(uow, post, source, alone=alone):
                    return None
                public = FORMATS[source.kind].public
                answer = self._admit(uow, post, source, FORMATS[source.kind])
        except (TurnedAway, FieldErrors) as exc:
            self.tally.count(org_id, source_id, refused=_reasons(exc))
            if public and isinstance(exc, FieldErrors):
                return RECEIVED
            raise
        self.tally.count(org_id, source_id)
        return RECEIVED if public else answer

    def _believes(self, uow: UnitOfWork, post: Post, source: Source, *, alone: bool) -> bool:
        verify = FORMATS[source.kind].verify
        return alone if verify is None else verify(post, sources.valid_keys(uow, self._vault, source))

    def _admit(self, uow: UnitOfWork, post: Post, source: Source, fmt: Format) -> Answer:
        if fmt.public:
            self._limiter.check_form(source.id, post.peer)
        else:
            self._limiter.check_source(source.id)
        arrival, own_id = fmt.read(bodies.read(post))
        name = post.headers.get("idempotency-key", "").strip() or standard.message_id(post) or own_id
        return once(uow, source, name, arrival)


def once(uow: UnitOfWork, source: Source, name: str, arrival: Arrival) -> Answer:
    """Take the arrival in unless a post of that name was taken in before; then its answer is given again."""
    key = f"intake:{source.id}:{fingerprint(name)}" if name else ""
    if key and uow.session.scalar(_FIRST, {"key": key, "org": uow.org_id, "now": uow.now}) is None:
        return Answer(200, _stored(uow, key))
    taken = intake.take_in(uow, source=source, arrival=arrival)
    content = {"ref": taken.ref}
    if key:
        uow.session.execute(_ANSWER, {"key": key, "answer": json.dumps(content)})
    return Answer(201 if taken.created else 200, content)


def _reasons(exc: TurnedAway | FieldErrors) -> list[Reason]:
    """Why, in our own words only: names that a sender chose are not repeated."""
    if isinstance(exc, TurnedAway):
        return [("", str(exc).partition(":")[0])]
    return [(name if name in NAMES else "", why) for name, why in exc.fields.items()]


def _stored(uow: UnitOfWork, key: str) -> dict[str, Any]:
    return dict(uow.session.scalar(_ANSWERED, {"key": key}) or {})


def _cause(exc: Exception) -> str:
    """A name for the log; the text of a database error may hold what was sent."""
    if isinstance(exc, DBAPIError):
        return f"{type(exc.orig).__name__} {getattr(exc.orig, 'sqlstate', '')}"
    return type(exc).__name__
