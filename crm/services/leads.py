"""The one door to a lead, and the lists of leads that somebody may see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import ColumnClause, TextualSelect, column, text

from crm.errors import LeadNotFound
from crm.errors_of_privacy import PersonSetAside
from crm.rules import sound
from crm.rules.access import Actor, may_see, may_see_contact
from crm.uow import UnitOfWork

REF = re.compile(r"^(?:[lLｌＬ＃#])?\s*[-－–—]?\s*(\d{1,12})$")

_VIEW = """
    select l.id, l.number, l.version, l.status, l.stage, l.owner_id, l.pool_id, l.origin, l.level, l.product, l.region,
           l.amount, l.currency, l.score, l.score_reasons, l.created_at, l.assigned_at, l.contacted_at,
           l.followed_up_at, l.pool_entered_at, l.recycle_at, l.recycle_rule, l.extensions, l.touches, l.lost_reason,
           l.held_by, l.held_until, l.held_for, l.wave, l.protected_until,
           l.seller_id, l.merged_into, p.id as person_id, p.name, p.company, p.title, p.contact_state,
           p.restricted_at, p.erased_at,
           o.name as owner, d.path as owner_path, pool.name as pool, s.name as source,
           st.name as stage_name, st.name_zh as stage_name_zh, st.funnel,
           (select min(t.due_at) from task t
             where t.org_id = l.org_id and t.lead_id = l.id and t.state = 'open') as next_at,
           (select json_agg(json_build_array(k.kind, k.value, k.verified) order by k.id) from person_key k
             where k.org_id = l.org_id and k.person_id = l.person_id) as keys,
           exists (select 1 from star mark
             where mark.org_id = l.org_id and mark.member_id = :me and mark.lead_id = l.id) as starred,
           exists (select 1 from task h where h.org_id = l.org_id and h.lead_id = l.id and h.state = 'open'
             and h.member_id = :me and h.department_id is not null) as helps,
           exists (select 1 from lead x where x.org_id = l.org_id and x.person_id = l.person_id and x.id <> l.id)
             or exists (select 1 from duplicate y
                         where y.org_id = l.org_id and y.left_id = l.person_id and y.state = 'shared')
             or exists (select 1 from duplicate z
                         where z.org_id = l.org_id and z.right_id = l.person_id and z.state = 'shared') as elsewhere,
           l.owner_id is null and (pool.admin_id = :me or l.held_by = 'offer' and exists (
             select 1 from offer f where f.org_id = l.org_id and f.lead_id = l.id and f.state = 'open'
               and f.member_id = :me) or exists (
             select 1 from pool_scope ps where ps.org_id = l.org_id and ps.pool_id = l.pool_id
               and (ps.member_id = :me or ps.role = :role or ps.department_id = any(:path)
                    or ps.department_id in (select d2.id from department d2 where d2.org_id = l.org_id
                                            and d2.path && cast(:manages as bigint[]))))) as in_scope
    from lead l
    join person p on p.org_id = l.org_id and p.id = l.person_id
    left join member o on o.org_id = l.org_id and o.id = l.owner_id
    left join department d on d.org_id = o.org_id and d.id = o.department_id
    left join pool on pool.org_id = l.org_id and pool.id = l.pool_id
    left join source s on s.org_id = l.org_id and s.id = l.source_id
    left join pipeline pl on pl.org_id = l.org_id and pl.line_id = l.line_id
    left join stage st on st.org_id = l.org_id and st.pipeline_id = pl.id and st.key = l.stage
"""
_NAMES = """
    id number version status stage owner_id pool_id origin level product region amount currency score score_reasons
    created_at assigned_at contacted_at followed_up_at pool_entered_at recycle_at recycle_rule extensions touches
    lost_reason
    held_by held_until held_for wave protected_until
    seller_id merged_into person_id name company title contact_state restricted_at erased_at owner owner_path pool
    source stage_name stage_name_zh funnel
    next_at keys starred helps elsewhere in_scope
"""
_NAMED: list[ColumnClause[Any]] = [column(name) for name in _NAMES.split()]


def _seen(where: str) -> TextualSelect:
    """A reading of leads. The columns are named, else SQLAlchemy works their names out anew at each reading."""
    return text(f"{_VIEW} where l.org_id = :org and {where}").columns(*_NAMED)


_BY_NUMBER = _seen("l.number = :number")
# A statement of its own: one that takes a list of ids is planned anew each time.
_BY_ID = _seen("l.id = :id")
_BY_IDS = _seen("l.id = any(:ids)")
_MINE = _seen(
    "l.owner_id = :me and l.status = 'open' and l.held_by is distinct from 'nurture'"
    " order by l.recycle_at nulls last, l.score desc, l.id limit :most"
)
_SEARCH = text(
    "select distinct person_id from sluice_search(:words, :tail, :sounds, :me, :role, :path, :manages, :all, 60)"
)
_FOUND = _seen(
    "l.person_id = any(:persons) and l.status <> 'void'"
    " order by l.owner_id is distinct from :me, l.status <> 'open', l.id desc limit :limit"
)
_MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class LeadView:
    """A lead as one viewer may see it: contact data is masked unless it is the viewer's to see.

    `elsewhere`: whether the customer has another lead, or is shared with somebody alike.
    `was`: the reference of the lead that was asked for, where this one stands for it since they were merged.
    `proofs`: of the contacts that came by a page, whether a code proved that they are the person's own.
    """

    id: int
    number: int
    version: int
    status: str
    stage: str
    stage_name: str
    stage_name_zh: str
    funnel: str | None
    name: str
    company: str
    title: str
    contacts: tuple[tuple[str, str], ...]
    masked: bool
    owner_id: int | None
    owner: str | None
    pool_id: int | None
    pool: str | None
    source: str | None
    origin: str
    score: int
    score_reasons: list[Any]
    level: str | None
    region: str | None
    product: str | None
    amount: Decimal | None
    currency: str | None
    touches: int
    contact_state: str | None
    created_at: datetime
    assigned_at: datetime | None
    followed_up_at: datetime | None
    contacted_at: datetime | None
    pool_entered_at: datetime | None
    recycle_at: datetime | None
    recycle_rule: str | None
    extensions: int
    protected_until: datetime | None
    next_at: datetime | None
    lost_reason: str | None
    held_by: str | None
    held_until: datetime | None
    held_for: str | None
    wave: int
    seller_id: int | None
    person_id: int
    starred: bool
    mine: bool
    elsewhere: bool = False
    was: str = ""
    restricted_at: datetime | None = None
    erased_at: datetime | None = None
    proofs: Mapping[str, bool] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        return f"L-{self.number}"

    @property
    def title_line(self) -> str:
        """Who it is, for a title or a list."""
        return " · ".join(part for part in (self.name, self.company) if part) or self.ref


def parse_ref(words: str) -> int | None:
    """The number in `L-1042`, `l1042`, `#1042` or `1042`; None for anything else."""
    found = REF.match(words.strip())
    return int(found.group(1)) if found else None


def access(uow: UnitOfWork, *, actor: Actor, ref: str) -> LeadView:
    """The lead with that reference, if the actor may see it. Raises LeadNotFound also when not."""
    number = parse_ref(ref)
    rows = _rows(uow, _BY_NUMBER, actor, number=number) if number is not None else []
    seen = _only(rows, actor, ref)
    if seen.was:
        uow.instead = (seen.was, seen.ref)
    return seen


def need_workable(lead: LeadView) -> None:
    """Whether anything may be done with the customer. Raises PersonSetAside."""
    if lead.restricted_at is not None:
        raise PersonSetAside(ref=lead.ref)


def access_id(uow: UnitOfWork, *, actor: Actor, lead_id: int) -> LeadView:
    """The same door for an id that a card or job carries."""
    return _only(_rows(uow, _BY_ID, actor, id=lead_id), actor, f"#{lead_id}")


def many(uow: UnitOfWork, *, actor: Actor, lead_ids: list[int]) -> list[LeadView]:
    """Those of the leads that the actor may see, in the order given, each once."""
    found = {row.get("asked", row["id"]): row for row in _rows(uow, _BY_IDS, actor, ids=lead_ids)}
    rows = [found[lead_id] for lead_id in lead_ids if lead_id in found]
    unique = {row["id"]: row for row in reversed(rows)}
    return [_view(row, actor) for row in reversed(unique.values()) if _visible(row, actor)]


def mine(uow: UnitOfWork, *, actor: Actor, most: int = 50) -> list[LeadView]:
    """The actor's open leads, the one that is nearest to being recycled first, whatever order the actor has chosen."""
    return [_view(row, actor) for row in _rows(uow, _MINE, actor, most=most)]


def find(uow: UnitOfWork, *, actor: Actor, words: str, most: int = 10) -> list[LeadView]:
    """Leads by name, company, reference or the last four or more digits of a phone, within the actor's scope; by a
    Chinese name also as it sounds, whole or by its initials.

    The actor's own come first, and are found however many others match.
    """
    number = parse_ref(words)
    digits = re.sub(r"[\s-]", "", words)
    tail = digits if digits.isdigit() and len(digits) >= 4 else ""
    persons = uow.session.scalars(
        _SEARCH,
        scope(uow, actor)
        | {
            "words": "" if tail else words.strip(), "tail": tail, "sounds": [] if tail else sound.typed(words),
        },
    ).all()  # fmt: skip
    rows = _rows(uow, _BY_NUMBER, actor, number=number) if number is not None else []
    rows += _found(uow, actor, list(persons), most)
    unique = {row["id"]: row for row in rows}
    return [_view(row, actor) for row in islice((row for row in unique.values() if _visible(row, actor)), most)]


def of_persons(uow: UnitOfWork, *, actor: Actor, person_ids: list[int]) -> list[LeadView]:
    """The leads of these customers that the actor may see."""
    rows = _found(uow, actor, person_ids, _MOST_FOUND)
    return [_view(row, actor) for row in rows if _visible(row, actor)]


def scope(uow: UnitOfWork, actor: Actor) -> dict[str, Any]:
    """How far a search reaches, as `sluice_search` and those like it are told."""
    return _who(uow, actor) | {"all": actor.sees_all, "manages": _sights(actor)}


def mask(kind: str, value: str) -> str:
    """A contact as shown before the claim: enough to recognise, not enough to call."""
    if kind == "phone":
        return f"{value[:-8]}****{value[-4:]}" if len(value) > 9 else f"****{value[-2:]}"
    if kind == "email":
        name, _, domain = value.partition("@")
        return f"{name[:1]}***@{domain}"
    return f"{value[:1]}***"


def _rows(uow: UnitOfWork, statement: Any, actor: Actor, **args: Any) -> list[dict[str, Any]]:
    rows = list(uow.execute(statement, _who(uow, actor) | args).mappings())
    return _standing(uow, actor, rows) if any(row["merged_into"] for row in rows) else rows


def _found(uow: UnitOfWork, actor: Actor, persons: list[int], most: int) -> list[dict[str, Any]]:
    """Leads of these customers: at first as many as are likely to do, because each takes its time to read, and more
    where too many of those are not the actor's to see."""
    limit = min(most * 2, _MOST_FOUND)
    rows = _rows(uow, _FOUND, actor, persons=persons, limit=limit) if persons else []
    if len(rows) < limit or limit == _MOST_FOUND or sum(_visible(row, actor) for row in rows) >= most:
        return rows
    return _rows(uow, _FOUND, actor, persons=persons, limit=_MOST_FOUND)


def _standing(uow: UnitOfWork, actor: Actor, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the place of leads that were merged away those that stand for them, which know as what they were `asked`."""
    ids = [row["merged_into"] for row in rows if row["merged_into"]]
    heirs = {row["id"]: row for row in uow.execute(_BY_IDS, _who(uow, actor) | {"ids": ids}).mappings()}
    return [
        heirs[row["merged_into"]] | {"asked": row["id"], "was": f"L-{row['number']}"} if row["merged_into"] else row
        for row in rows
    ]


def _who(uow: UnitOfWork, actor: Actor) -> dict[str, Any]:
    return {
        "org": uow.org_id, "me": actor.id, "role": actor.role, "path": list(actor.departments),
        "manages": list(actor.manages),
    }  # fmt: skip


def _sights(actor: Actor) -> list[int]:
    """The departments to search below; whom the actor does not see is left out of what is found."""
    return list(actor.manages.union([actor.sight] if actor.sight else []))


def _visible(row: dict[str, Any], actor: Actor) -> bool:
    """Within the actor's scope, or a task about it that was the team's is the actor's now."""
    return row["helps"] or may_see(
        actor,
        owner_id=row["owner_id"],
        owner_path=row["owner_path"],
        in_pool_scope=row["in_scope"],
        origin=row["origin"],
        seller_id=row["seller_id"],
    )


def _only(rows: list[dict[str, Any]], actor: Actor, ref: str) -> LeadView:
    if not rows or not _visible(rows[0], actor):
        raise LeadNotFound(ref=ref)
    return _view(rows[0], actor)


def _view(row: dict[str, Any], actor: Actor) -> LeadView:
    clear = may_see_contact(actor, owner_id=row["owner_id"], owner_path=row["owner_path"], origin=row["origin"])
    clear = clear or (row["helps"] and row["origin"] != "self")
    keys = [(kind, value if clear else mask(kind, value), known) for kind, value, known in row["keys"] or ()]
    contacts = tuple((kind, value) for kind, value, _known in keys if kind != "external")
    proofs = {value: known for _kind, value, known in keys if known is not None}
    wanted = {name: row[name] for name in LeadView.__dataclass_fields__ if name in row}
    names = {"stage_name": row["stage_name"] or row["stage"], "stage_name_zh": row["stage_name_zh"] or row["stage"]}
    mine = row["owner_id"] == actor.id
    if "amount" in actor.hidden and not mine:
        wanted |= {"amount": None, "currency": None}
    return LeadView(**wanted | names, contacts=contacts, masked=not clear, mine=mine, proofs=proofs)


def number_of(uow: UnitOfWork, lead_id: int) -> int | None:
    """A lead's number, for a message about a lead that has moved on. None when there is no such lead."""
    found = text("select number from lead where org_id = :org and id = :id")
    number: int | None = uow.session.scalar(found, {"org": uow.org_id, "id": lead_id})
    return number


def taken(uow: UnitOfWork, lead_ids: list[int]) -> list[tuple[int, str, str]]:
    """Those of the leads that somebody owns: id, reference and the owner's name, for whoever was offered them."""
    found = text(
        "select l.id, l.number, m.name from lead l join member m on m.org_id = l.org_id and m.id = l.owner_id"
        " where l.org_id = :org and l.id = any(:ids)"
    )
    rows = uow.session.execute(found, {"org": uow.org_id, "ids": lead_ids})
    return [(row.id, f"L-{row.number}", row.name) for row in rows]
