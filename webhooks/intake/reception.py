"""From a post to its answer: find the source, believe it or not, and take the lead in, once however often it comes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from crm.errors import Refusal
from crm.formats import MappingError
from crm.models import Source
from crm.rules.arrival import FieldErrors, check
from crm.rules.fields import NAMES
from crm.services import front, source_formats, sources, suppressing
from crm.services.front import Front
from crm.services.source_watch import WRONG_KEY, Reason
from crm.uow import UnitOfWork
from crm.vault import Vault, VaultError
from webhooks.intake import bodies, formats, mail, standard
from webhooks.intake.belief import Secrets
from webhooks.intake.items import Came, Format
from webhooks.intake.lanes import Lane, Lanes
from webhooks.intake.post import Answer, Post, TurnedAway
from webhooks.intake.rates import Limiter, Rates
from webhooks.intake.taking import Done, Single, take, take_together
from webhooks.intake.tally import Tally

log = structlog.get_logger(__name__)
RECEIVED = Answer(202, {"status": "received"})
MEDIA = mail.MAIL.media
KNOWN_FOR = 2.0  # seconds
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,130}")
# What the job engine raises on its own way to the database does not pass SQLAlchemy.
_AWAY = (SQLAlchemyError, psycopg.Error, ConnectorException)


class Reception:
    """Answers posts, from many threads at once."""

    def __init__(self, bot: Bot, rates: Rates) -> None:
        self._database = bot.database
        self._vault = Vault(bot.settings.secret_key.get_secret_value())
        self._limiter = Limiter(bot.redis, rates)
        self._lanes = Lanes()
        self._located: dict[str, tuple[float, list[tuple[int, int]]]] = {}
        self.tally = Tally(bot.database)

    async def answer(self, post: Post) -> Answer:
        """The answer to a post, which is taken in together with those that come meanwhile; else as by `receive`."""
        lane = self._lane(post)
        found = await lane.take(post) if lane else None
        answer = await run_in_threadpool(self.receive, post) if found is None else found
        if post.source.lower() in self._located:  # an address that is not ours may hold anything
            log.info("intake", source=post.source, status=answer.status, lead=_lead_of(answer))
        return answer

    def receive(self, post: Post) -> Answer:
        """The answer to a post. Never raises: what cannot be done now is a 503 that asks to come again."""
        return self._safely(post, self._receive)

    def challenge(self, post: Post) -> Answer:
        """The answer to a vendor that asks by GET whether the address is ours. Never raises."""
        return self._safely(post, self._challenged)

    def _safely(self, post: Post, work: Callable[[Post], Answer]) -> Answer:
        try:
            return work(post)
        except TurnedAway as exc:
            return exc.answer
        except FieldErrors as exc:
            return Answer(422, {"errors": exc.fields})
        except (*_AWAY, Refusal, VaultError, MappingError) as exc:
            log.warning("intake.postponed", source=post.source, cause=_cause(exc))
            return Answer(503, {"error": "Not possible just now. Send it again later."}, {"Retry-After": "5"})

    def _receive(self, post: Post) -> Answer:
        bodies.check_kind(post, MEDIA)
        found = self._locate(post.source)
        for org_id, source_id in found:
            answer = self._try(post, org_id, source_id, alone=len(found) == 1)
            if answer:
                return answer
        if len(found) == 1:
            self.tally.count(*found[0], refused=[("", WRONG_KEY)])
        raise TurnedAway(401, WRONG_KEY, WWW_Authenticate="Bearer")

    def _lane(self, post: Post) -> Lane | None:
        """Where posts wait of the one source of that name, if it was heard of a moment ago.

        The transaction that takes the post in reads the source anew, so what changed meanwhile counts.
        """
        until, found = self._located.get(post.source.lower(), (0.0, []))
        if time.monotonic() > until or len(found) != 1 or not bodies.is_read(post, MEDIA):
            return None
        ours = found[0]
        return self._lanes.of(ours, partial(self._alone, *ours), partial(self._together, *ours))

    def _alone(self, org_id: int, source_id: int, post: Post) -> Answer | None:
        return self._together(org_id, source_id, [post])[0]

    def _together(self, org_id: int, source_id: int, posts: Sequence[Post]) -> list[Answer | None]:
        """The answers to posts that hold one lead each; None for all that is not as plain as that."""
        answers: list[Answer | None] = [None] * len(posts)
        try:
            with self._database.begin(org_id) as uow:
                at = front.enter(uow, source_id)
                singles = self._singles(uow, at, posts) if at else {}
                taken = take_together(uow, at, singles) if at and singles else {}
        except (*_AWAY, Refusal, VaultError, MappingError, TurnedAway) as exc:
            log.info("intake.taken_alone", source=source_id, posts=len(posts), cause=_cause(exc))
            return answers
        for number, done in taken.items():
            self.tally.count(org_id, source_id)
            answers[number] = RECEIVED if singles[number].public else done
        return answers

    def _singles(self, uow: UnitOfWork, at: Front, posts: Sequence[Post]) -> dict[int, Single]:
        """The posts that are believed and hold one lead that can be taken in, by their place."""
        source, region = at.source, at.house.region
        fmt, secrets = formats.of(source), self._secrets(uow, source)
        found: dict[int, Single] = {}
        if not fmt.public:
            self._limiter.check_source(source.id, len(posts))
        for number, post in enumerate(posts):
            try:
                if fmt.believes is None or fmt.believes(post, secrets):
                    if fmt.public:
                        self._limiter.check_form(source.id, post.peer)
                    single = self._single(uow, source, fmt, post, region)
                    found |= {number: single} if single else {}
            except (TurnedAway, FieldErrors):
                continue  # its own thread tells it so
        erased = suppressing.among(uow, [key for one in found.values() for key in one.checked.keys], listed=False)
        return {number: one for number, one in found.items() if erased.isdisjoint(one.checked.keys)}

    def _single(self, uow: UnitOfWork, source: Source, fmt: Format, post: Post, region: str) -> Single | None:
        bodies.check_kind(post, fmt.media)
        told = fmt.read(uow, source, post)
        item = told.items[0] if len(told.items) == 1 and not told.several and told.answer is None else None
        if not isinstance(item, Came):
            return None
        checked = check(item.arrival, region=region, sender=source.key)
        return Single(checked, _name_of(post) or item.own_id, public=fmt.public)

    def _challenged(self, post: Post) -> Answer:
        for org_id, source_id in self._locate(post.source):
            with self._database.begin(org_id) as uow:
                source = sources.get(uow, source_id)
                ask = formats.of(source).challenge if source else None
                answer = ask(post, self._secrets(uow, source)) if source and ask else None
            if answer:
                return answer
        raise TurnedAway(403, "This source expects no such question, or the token in it is wrong.")

    def _locate(self, word: str) -> list[tuple[int, int]]:
        """The sources that the address may mean: several organizations may use one word. Raises TurnedAway with 404."""
        key = word.lower()
        if not _SOURCE.fullmatch(key):
            raise TurnedAway(404, "There is no such source.")
        with self._database.begin() as uow:
            found = sources.locate(uow, key)
        if not found:
            raise TurnedAway(404, "There is no such source.")
        self._located[key] = (time.monotonic() + KNOWN_FOR, found)
        return found

    def _try(self, post: Post, org_id: int, source_id: int, *, alone: bool) -> Answer | None:
        """The answer of one source; None when the post is not for it."""
        public = False
        try:
            with self._database.begin(org_id) as uow:
                source = sources.get(uow, source_id)
                fmt = formats.of(source) if source else None
                if source is None or fmt is None or not self._believes(uow, post, source, fmt, alone=alone):
                    return None
                public = fmt.public
                answer, done = self._admit(uow, post, source, fmt)
        except (TurnedAway, FieldErrors) as exc:
            self.tally.count(org_id, source_id, refused=_reasons(exc))
            if public and isinstance(exc, FieldErrors):
                return RECEIVED
            raise
        self.tally.count(org_id, source_id)
        if wrong := [reason for each in done for reason in _reasons_of(each.wrong or {})]:
            self.tally.count(org_id, source_id, refused=wrong)
        return RECEIVED if public else answer

    def _believes(self, uow: UnitOfWork, post: Post, source: Source, fmt: Format, *, alone: bool) -> bool:
        return alone if fmt.believes is None else fmt.believes(post, self._secrets(uow, source))

    def _secrets(self, uow: UnitOfWork, source: Source) -> Secrets:
        vendor = source_formats.vendor_secrets(self._vault, source)
        return Secrets(sources.valid_keys(uow, self._vault, source), uow.now, vendor)

    def _admit(self, uow: UnitOfWork, post: Post, source: Source, fmt: Format) -> tuple[Answer, list[Done]]:
        self._check_rate(source, fmt, post)
        bodies.check_kind(post, fmt.media)
        return take(uow, source, fmt.read(uow, source, post), _name_of(post))

    def _check_rate(self, source: Source, fmt: Format, post: Post) -> None:
        if fmt.public:
            self._limiter.check_form(source.id, post.peer)
        else:
            self._limiter.check_source(source.id)


def _name_of(post: Post) -> str:
    """The sender's name of the whole post, which a repeat carries again; "" where it has none."""
    return post.headers.get("idempotency-key", "").strip() or standard.message_id(post)


def _lead_of(answer: Answer) -> str | None:
    """The reference of the lead that the answer is about."""
    return answer.content.get("ref") if isinstance(answer.content, Mapping) else None


def _reasons(exc: TurnedAway | FieldErrors) -> list[Reason]:
    """Why, in our own words only: names that a sender chose are not repeated."""
    if isinstance(exc, TurnedAway):
        return [("", str(exc).partition(":")[0])]
    return _reasons_of(exc.fields)


def _reasons_of(wrong: Mapping[str, str]) -> list[Reason]:
    return [(name if name in NAMES else "", why) for name, why in wrong.items()]


def _cause(exc: Exception) -> str:
    """A name for the log; the text of a database error may hold what was sent."""
    if isinstance(exc, DBAPIError):
        return f"{type(exc.orig).__name__} {getattr(exc.orig, 'sqlstate', '')}"
    return type(exc).__name__
