"""Who else is told what happens: an address, topics, and a secret with which each call is signed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select, text

from crm import queue
from crm.errors_of_interfaces import HookAddress, HookExists, HookNotFound, TopicNotFound
from crm.models import Hook
from crm.rules.access import Actor
from crm.services import happenings, hook_calls
from crm.services.sources import fresh_secret
from crm.uow import UnitOfWork
from crm.vault import Vault

OLD_SECRET_LIFE = timedelta(hours=24)
EVERYTHING = "*"
MOST, LONGEST = 20, 2_000
_HOOKED = text(
    "update organization set hooked = exists (select from hook where org_id = :org and state = 'on') where id = :org"
    " returning hooked"
)


def create(
    uow: UnitOfWork,
    vault: Vault,
    *,
    actor: Actor | None,
    url: str,
    topics: Iterable[str],
    with_contact: bool = False,
    secret: str | None = None,
) -> tuple[Hook, str]:
    """A hook that is told what happens from now on, and its secret, which cannot be read again.

    Whether the address may be called is decided by whoever calls it, at each call.

    Args: actor: None for set-up by file and the command line, which see no contact.
    Raises: NotAllowed, HookAddress, HookExists, TopicNotFound.
    """
    _check(actor)
    known = listing(uow)
    if not url.startswith(("https://", "http://")) or len(url) > LONGEST or len(known) >= MOST:
        raise HookAddress(given=url[:80])
    if same := next((hook for hook in known if hook.url == url), None):
        raise HookExists(number=same.number)
    chosen, place = secret or fresh_secret(), happenings.now(uow)
    number = max((each.number for each in known), default=0) + 1
    hook = Hook(
        org_id=uow.org_id, number=number, url=url, topics=_known(topics),
        with_contact=with_contact and actor is not None,
        secret=vault.seal(chosen), state="on", created_by=actor.id if actor else None, created_at=uow.now,
        xact=place.xact, kind=place.kind, entry=place.entry, failures=0,
    )  # fmt: skip
    uow.session.add(hook)
    _tell_everybody(uow)
    return hook, chosen


def listing(uow: UnitOfWork) -> Sequence[Hook]:
    return uow.session.scalars(select(Hook).where(Hook.org_id == uow.org_id).order_by(Hook.id)).all()


def find(uow: UnitOfWork, word: str) -> Hook:
    """A hook by its number or address. Raises HookNotFound."""
    given = word.strip().lstrip("#")
    hook = next((each for each in listing(uow) if given in (str(each.number), each.url)), None)
    if hook is None:
        raise HookNotFound(given=word)
    return hook


def set_topics(uow: UnitOfWork, *, actor: Actor | None, hook: Hook, topics: Iterable[str]) -> Hook:
    """From now on it is told of these. Raises NotAllowed, TopicNotFound."""
    _check(actor)
    hook.topics = _known(topics)
    uow.session.flush()
    return hook


def rotate(uow: UnitOfWork, vault: Vault, *, actor: Actor | None, hook: Hook) -> str:
    """A new secret; for a day calls are signed with the former one too. Raises NotAllowed."""
    _check(actor)
    chosen = fresh_secret()
    hook.old_secret, hook.old_secret_until = hook.secret, uow.now + OLD_SECRET_LIFE
    hook.secret = vault.seal(chosen)
    uow.session.flush()
    return chosen


def set_on(uow: UnitOfWork, *, actor: Actor | None, hook: Hook, on: bool) -> Hook:
    """Stop calling, or begin again; what happened in between is not told, unless it is replayed. Raises NotAllowed."""
    _check(actor)
    if on and hook.state != "on":
        place = happenings.now(uow)
        hook.xact, hook.kind, hook.entry = place.xact, place.kind, place.entry
        hook.failures, hook.failing_since, hook.rest_until, hook.cause = 0, None, None, None
    hook.state = "on" if on else "off"
    if not on:
        hook_calls.drop(uow, hook.id)
    _tell_everybody(uow)
    return hook


def remove(uow: UnitOfWork, *, actor: Actor | None, hook: Hook) -> None:
    """Nobody is called there any more, and what was kept for it goes. Raises NotAllowed."""
    _check(actor)
    hook_calls.forget(uow, hook.id)
    uow.session.delete(hook)
    _tell_everybody(uow)


def fail(uow: UnitOfWork, hook: Hook, cause: str) -> None:
    """It is called no more: it said so itself, or nobody has answered for days. The admins are told."""
    hook.state, hook.cause = "failed", cause
    hook_calls.drop(uow, hook.id)
    _tell_everybody(uow)
    admins = text("select id from member where org_id = :org and role = 'admin' and active order by id")
    for member in uow.session.scalars(admins, {"org": uow.org_id}):
        uow.notify(
            "hook.failed", to=member, data={"hook": hook.number, "cause": cause},
            key=f"hook:{hook.id}:{member}:{uow.now.isoformat()}",
        )  # fmt: skip


def secrets(uow: UnitOfWork, vault: Vault, hook: Hook) -> list[str]:
    """What calls are signed with now, the newest first."""
    found = [vault.open(hook.secret)]
    if hook.old_secret and hook.old_secret_until and hook.old_secret_until > uow.now:
        found.append(vault.open(hook.old_secret))
    return found


def wants(hook: Hook, topic: str) -> bool:
    """Whether it is told of that topic; `lead.*` stands for all of leads."""
    return any(each in (EVERYTHING, topic, f"{topic.partition('.')[0]}.*") for each in hook.topics)


def _known(topics: Iterable[str]) -> list[str]:
    chosen = list(dict.fromkeys(topic.strip().lower() for topic in topics if topic.strip())) or [EVERYTHING]
    groups = {f"{topic.partition('.')[0]}.*" for topic in happenings.ALL}
    for topic in chosen:
        if topic not in (EVERYTHING, *happenings.ALL, *groups):
            raise TopicNotFound(given=topic, names=", ".join(happenings.ALL))
    return chosen


def _tell_everybody(uow: UnitOfWork) -> None:
    """Every transaction reads whether it has to look for what others want to know."""
    uow.session.flush()
    uow.hooked = bool(uow.session.scalar(_HOOKED, {"org": uow.org_id}))
    if uow.hooked:
        uow.defer(queue.Order(queue.PLAN, {"org_id": uow.org_id}))


def _check(actor: Actor | None) -> None:
    if actor is not None:
        actor.need("systems")
