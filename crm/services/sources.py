"""Intake sources: who may send leads in. A key is shown once; after a rotation the former one still works for a day."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, count

from pypinyin import lazy_pinyin
from rapidfuzz import fuzz, process
from sqlalchemy import func, or_, select, text

from crm.errors import BadArgument, SourceExists, SourceMeant, SourceNotFound
from crm.models import Source
from crm.rules.access import Actor
from crm.rules.matrix import roles
from crm.services import audit, catalogue
from crm.uow import UnitOfWork
from crm.vault import Vault

_LOOKS_LIKE = 70
OLD_KEY_LIFE = timedelta(hours=24)
KEYED, FORM, EMAIL, FEED = "keyed", "form", "email", "feed"
KINDS = (KEYED, FORM, EMAIL, FEED)
KEEPERS = roles("sources")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LOCATE = text("select org_id, source_id from sluice_find_sources(:key)")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A source and its key, which cannot be read again: what a sender signs with, or sends as a bearer token."""

    source: Source
    key: str


def create(  # noqa: PLR0913  (each is a column that set-up by file and chat fill by name)
    uow: UnitOfWork,
    vault: Vault,
    *,
    actor: Actor | None,
    key: str = "",
    name: str = "",
    kind: str = KEYED,
    pool_id: int | None = None,
    channel: str | None = None,
    campaign: str | None = None,
    secret: str | None = None,
) -> NewKey:
    """Make a source; `key` is its word in `POST /intake/{key}`, made from the name when it is not given.

    Args:
        actor: None for set-up by file.
        kind: "keyed", "form" for a public form, "email" for messages, "feed" for what people do in a product.
        secret: a key chosen elsewhere; without it a fresh one in the form of Standard Webhooks.

    Raises: NotAllowed, BadArgument, SourceExists.
    """
    check_keeper(actor)
    word = key.strip().lower() or _word_of(uow, name)
    if not _NAME.fullmatch(word) or kind not in KINDS:
        raise BadArgument(given=key or name, example="sources new website")
    if uow.session.scalar(select(Source.id).where(Source.org_id == uow.org_id, Source.key == word)):
        raise SourceExists(given=word)
    chosen = secret or fresh_secret()
    source = Source(
        org_id=uow.org_id, key=word, name=name.strip() or word, kind=kind, pool_id=pool_id, channel=channel,
        campaign=campaign, secret=vault.seal(chosen), enabled=True, created_at=uow.now, accepted=0, rejected=0,
    )  # fmt: skip
    uow.session.add(source)
    uow.session.flush()
    _audited(uow, "source.made", actor, source)
    return NewKey(source, chosen)


def rotate(uow: UnitOfWork, vault: Vault, *, actor: Actor, key: str) -> NewKey:
    """Give a source a new key; the present one stays valid for 24 hours. Raises NotAllowed, SourceNotFound."""
    check_keeper(actor)
    source = find(uow, key)
    chosen = fresh_secret()
    source.old_secret, source.old_secret_until = source.secret, uow.now + OLD_KEY_LIFE
    source.secret = vault.seal(chosen)
    uow.session.flush()
    _audited(uow, "source.key_changed", actor, source)
    return NewKey(source, chosen)


def set_enabled(uow: UnitOfWork, *, actor: Actor, key: str, enabled: bool) -> Source:
    """Close a source at once, or open it again. Raises NotAllowed, SourceNotFound."""
    check_keeper(actor)
    source = find(uow, key)
    source.enabled = enabled
    uow.session.flush()
    _audited(uow, "source.opened" if enabled else "source.closed", actor, source)
    return source


def named(uow: UnitOfWork, words: str) -> Source | None:
    """The source with that key or whole name."""
    given = words.strip().lower()
    called = or_(Source.key == given, func.lower(Source.name) == given)
    return uow.session.scalar(
        select(Source).where(Source.org_id == uow.org_id, called).order_by(Source.key != given).limit(1)
    )


def find(uow: UnitOfWork, words: str) -> Source:
    """A source by its key or name, or by the only one that begins so. Raises SourceNotFound, SourceMeant."""
    return named(uow, words) or _begins(listing(uow), words.strip())


def _begins(every: list[Source], given: str) -> Source:
    found = [each for each in every if any(name.lower().startswith(given.lower()) for name in (each.key, each.name))]
    if len(found) == 1 and len(given) > 1:
        return found[0]
    called = {name.lower(): each.name for each in every for name in (each.key, each.name)}
    near = process.extractOne(given.lower(), list(called), scorer=fuzz.WRatio, score_cutoff=_LOOKS_LIKE)
    if near is None:
        raise SourceNotFound(given=given)
    raise SourceMeant(given=given, guess=called[near[0]])


def owner(uow: UnitOfWork, source: Source) -> int | None:
    """Who looks after it: its own owner, else its campaign's, else its channel's."""
    lists = catalogue.of(uow)
    named = (("campaign", source.campaign), ("channel", source.channel))
    above = (entry.owner_id for name, words in named if words and (entry := lists.find(name, words)))
    return next(filter(None, (source.owner_id, *above)), None)


def may_see(actor: Actor, uow: UnitOfWork, source: Source) -> bool:
    """Whether these are the actor's figures: of a keeper, or of who looks after it."""
    return actor.role in KEEPERS or (bool(actor.id) and owner(uow, source) == actor.id)


def listing(uow: UnitOfWork) -> list[Source]:
    """Every source with when it was last heard of and how much of it was accepted and rejected."""
    return list(uow.session.scalars(select(Source).where(Source.org_id == uow.org_id).order_by(Source.key)))


def locate(uow: UnitOfWork, key: str) -> list[tuple[int, int]]:
    """(organization, source) of every enabled source with that key, before the tenant is known."""
    return [(row.org_id, row.source_id) for row in uow.session.execute(_LOCATE, {"key": key})]


def get(uow: UnitOfWork, source_id: int, *, also_off: bool = False) -> Source | None:
    """The source with that id, if it is enabled or with `also_off`."""
    wanted = select(Source).where(Source.org_id == uow.org_id, Source.id == source_id, Source.enabled | also_off)
    return uow.session.scalar(wanted)


def valid_keys(uow: UnitOfWork, vault: Vault, source: Source) -> list[str]:
    """The keys that open the door now: the present one, and the former one for its last day."""
    keys = [vault.open(source.secret)]
    if source.old_secret and source.old_secret_until and source.old_secret_until > uow.now:
        keys.append(vault.open(source.old_secret))
    return keys


def fresh_secret() -> str:
    """A random key in the form that Standard Webhooks prescribes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _word_of(uow: UnitOfWork, name: str) -> str:
    """A name as a word of an address, Chinese as it is spoken, with a number where another name sounds the same.

    Raises SourceExists where that very name or word is taken.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", "-".join(lazy_pinyin(name)).lower()).strip("-")[:40].strip("-") or "source"
    given, every = name.strip().lower(), listing(uow)
    known = next((each.key for each in every if given in (each.key, each.name.lower())), None)
    if known is not None:
        raise SourceExists(given=known)
    taken = {each.key for each in every}
    return next(word for word in chain([plain], (f"{plain}-{at}" for at in count(2))) if word not in taken)


def _audited(uow: UnitOfWork, verb: str, actor: Actor | None, source: Source) -> None:
    audit.write(uow, verb, by=actor.id if actor else None, subject=f"source:{source.id}", data={"key": source.key})


def check_keeper(actor: Actor | None) -> None:
    """Raises NotAllowed for whoever may not keep sources."""
    if actor is not None:
        actor.need("sources")
