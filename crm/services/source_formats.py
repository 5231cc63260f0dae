"""How the posts of a source are written: set up by name or by a description, with what the vendor's side needs."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from crm import formats
from crm.errors import BadArgument
from crm.errors_of_intake import FieldNotOurs, FormatUnclear, FormatUnknown
from crm.formats import GENERIC, OWN, Mapping, MappingError, feed
from crm.models import Source
from crm.rules.access import Actor
from crm.rules.fields import field_of
from crm.services import fetches, sources
from crm.services.sources import EMAIL, FEED, KEYED, NewKey
from crm.uow import UnitOfWork
from crm.vault import Vault

KINDS = {"email": EMAIL, "mail": EMAIL, "邮件": EMAIL, "feed": FEED, "产品": FEED}
KINDS_SHOWN = ("email", "feed")
"""Words beside the formats' names that say what kind of source it is."""
ALIASES = {
    "facebook": "meta", "instagram": "meta", "douyin": "ocean", "抖音": "ocean", "巨量": "ocean", "巨量引擎": "ocean",
    "飞鱼": "ocean", "金数据": "jinshuju", "腾讯": "tencent", "腾讯广告": "tencent", "百度": "baidu", "基木鱼": "baidu",
    "领英": "linkedin", "谷歌": "google", "standard": GENERIC, "json": GENERIC,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which kind of source it is, and how its posts are written."""

    kind: str
    format: str


def choose(word: str) -> Chosen:
    """A format by its name as people say it. Raises FormatUnclear naming those there are."""
    plain = word.strip().lower()
    if plain in KINDS:
        return Chosen(KINDS[plain], GENERIC)
    name = ALIASES.get(plain, plain)
    if name != GENERIC and name not in formats.names():
        raise FormatUnknown(given=word, names=", ".join([*formats.names(), *KINDS_SHOWN]))
    return Chosen(KEYED, name)


def create(
    uow: UnitOfWork,
    vault: Vault,
    *,
    actor: Actor | None,
    key: str = "",
    name: str,
    word: str,
    secret: str | None = None,
) -> NewKey:
    """Make a source that uses a format. Raises: NotAllowed, BadArgument, SourceExists, FormatUnclear."""
    chosen = choose(word)
    made = sources.create(uow, vault, actor=actor, key=key, name=name, kind=chosen.kind, secret=secret)
    made.source.format = chosen.format
    uow.session.flush()
    return made


def describe(*, actor: Actor | None, source: Source, document: Named[str, Any] | None) -> None:
    """Give a source a description of its own, or what it has different from its format; None: none any more.

    Raises: NotAllowed, FormatUnclear.
    """
    sources.check_keeper(actor)
    fmt = OWN if source.format == GENERIC and document else source.format
    _understood(source.kind, fmt, document)
    if source.kind == KEYED:
        source.format = GENERIC if fmt == OWN and document is None else fmt
    source.mapping = dict(document) if document else None


def name_fields(uow: UnitOfWork, *, actor: Actor, key: str, given: Named[str, str]) -> Source:
    """Say which of a form's fields are which of ours, such as `{"field_1": "name"}`.

    Raises: NotAllowed, SourceNotFound, FieldNotOurs, FormatUnclear, BadArgument where a source needs none.
    """
    sources.check_keeper(actor)
    source = sources.find(uow, key)
    if source.format == GENERIC or not given:
        raise BadArgument(given=key, example="sources fields form field_1=name field_2=phone")
    former = dict(source.mapping or {})
    fields = {name: path for name, path in dict(former.get("fields") or {}).items() if name not in given.values()}
    for theirs, ours in given.items():
        known = field_of(ours)
        if known is None:
            raise FieldNotOurs(given=ours)
        fields[known] = [*fields[known], theirs] if isinstance(fields.get(known), list) else [theirs]
    describe(actor=actor, source=source, document={**former, "fields": fields})
    uow.session.flush()
    return source


def keep_vendor_secret(uow: UnitOfWork, vault: Vault, *, actor: Actor | None, key: str, name: str, value: str) -> int:
    """Keep what the vendor's side gave us; returns how many leads that could not be fetched are tried again.

    Raises: NotAllowed, SourceNotFound, BadArgument naming what this source needs.
    """
    sources.check_keeper(actor)
    source = sources.find(uow, key)
    needed = needs(source)
    if name not in needed or not value.strip():
        raise BadArgument(given=name, example=f"sources set {source.key} {next(iter(needed), 'page_token')} VALUE")
    kept = vendor_secrets(vault, source) | {name: value.strip()}
    source.vendor = vault.seal_all(kept)
    uow.session.flush()
    return fetches.again(uow, source)


def vendor_secrets(vault: Vault, source: Source) -> dict[str, str]:
    """What the vendor's side gave us, by name. Raises VaultError."""
    return vault.open_all(source.vendor) if source.vendor else {}


def needs(source: Source) -> list[str]:
    """The names of what the vendor's side must give."""
    mapping = mapping_of(source)
    return [need.secret for need in mapping.needs] if mapping else []


def filled(words: str, *, source: Source, address: str, key: str) -> str:
    """The words of a set-up with the source's address and key; within an address the key is quoted."""
    words = words.replace("?key={key}", "?key=" + quote(key, safe=""))
    return words.replace("{address}", address).replace("{key}", key).replace("{word}", source.key)


def missing(source: Source, vault: Vault | None) -> list[str]:
    """The names of what is needed and was not given; without the vault nobody can say."""
    given = vendor_secrets(vault, source) if vault else {}
    return [name for name in needs(source) if name not in given] if vault or source.vendor is None else []


def mapping_of(source: Source) -> Mapping | None:
    """How its posts are written; None: fields by their usual names, a message, or a feed."""
    return formats.of_source(source.format, source.mapping) if source.kind == KEYED else None


def check(kind: str, fmt: str, document: Named[str, Any] | None) -> None:
    """Whether posts of such a source can be read. Raises MappingError."""
    if kind == FEED:
        feed.policy(document)
    elif kind == KEYED:
        formats.of_source(fmt, document)
    elif document:
        raise MappingError([("", f"a source of the kind {kind} takes no description")])


def _understood(kind: str, fmt: str, document: Named[str, Any] | None) -> None:
    """Raises FormatUnclear."""
    try:
        check(kind, fmt, document)
    except MappingError as exc:
        raise FormatUnclear(problem=str(exc)) from None
