"""The rule set's versions: checked, compared, applied, taken back. A version is never changed once it is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from crm import queue
from crm.errors import RuleSetInvalid
from crm.rules import catalogue_conditions
from crm.rules.access import Actor
from crm.rules.catalogue import Entry
from crm.rules.catalogue_conditions import comparisons_in
from crm.rules.ruleset import Rules, parse
from crm.services import audit, catalogue, clocks, ledger, lines, scoring
from crm.uow import UnitOfWork

CHUNK = 2000

_INSERT = text(
    """
    insert into rule_set (org_id, version, text, created_by, created_at)
    select :org, coalesce(max(version), 0) + 1, :text, :actor, :now from rule_set where org_id = :org
    returning id, version
    """
)
_LOCK = text("select rule_set_id from organization where id = :org for no key update")
# When the next look back is due may be said anew; a tick finds out.
_POINT = text("update organization set rule_set_id = :id, health_at = null where id = :org")
_NUMBER = text("select version from rule_set where org_id = :org and id = :id")
_HISTORY = text(
    """
    select r.version, r.text, r.created_at, m.name as by, r.id = o.rule_set_id as in_force
    from rule_set r join organization o on o.id = r.org_id
    left join member m on m.org_id = r.org_id and m.id = r.created_by
    where r.org_id = :org and (cast(:version as bigint) is null or r.version = :version)
    order by r.version desc limit :most
    """
)
_OWNED = text(
    """
    select id from lead where org_id = :org and status = 'open' and owner_id is not null and id > :after
    order by id limit :chunk for no key update
    """
)
_PEOPLE = text(
    "select lower(email) from member where org_id = :org and email is not null"
    " union select lower(name) from member where org_id = :org"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the rule set; `by` is the name of who wrote it."""

    version: int
    text: str
    created_at: datetime
    by: str | None
    in_force: bool


def check(uow: UnitOfWork, written: str) -> Rules:
    """Read a rule set and see that all it names is there. Raises RuleSetInvalid with the first mistakes."""
    rules = parse(written)
    problems = [*_unknown(uow, rules), *_unlisted(uow, rules)]
    if problems:
        raise RuleSetInvalid(problem="; ".join(problems[:5]))
    return rules


def apply(uow: UnitOfWork, *, written: str, actor: Actor | None = None) -> int:
    """Put a rule set in force; the clocks of all owned leads follow in the background. Returns the version.

    Args:
        actor: who does it, a manager or admin; None for set-up from the command line.

    Raises: NotAllowed, RuleSetInvalid.
    """
    if actor is not None:
        actor.need("rules")
    # Two at once take turns, or both would write the same version.
    lock(uow)
    check(uow, written)
    points = uow.rules.score
    args = {"org": uow.org_id, "text": written, "actor": actor.id if actor else None, "now": uow.now}
    row = uow.session.execute(_INSERT, args).one()
    uow.session.execute(_POINT, {"org": uow.org_id, "id": row.id})
    uow.rule_set_id = row.id
    lines.ensure(uow)
    by = actor.id if actor else None
    audit.write(uow, "rules.applied", by=by, subject=f"rule_set:{row.id}", data={"version": row.version})
    uow.defer(refresh_order(uow))
    if uow.rules.score != points:
        uow.defer(scoring.order(uow))
    return int(row.version)


def lock(uow: UnitOfWork) -> int | None:
    """Nobody else applies a rule set until this transaction ends; returns which is in force, by its id."""
    found: int | None = uow.session.scalar(_LOCK, {"org": uow.org_id})
    return found


def rollback(uow: UnitOfWork, *, version: int, actor: Actor | None = None) -> int:
    """Put the text of a former version in force, as a new one. Raises: as `apply`; RuleSetInvalid if there is none."""
    return apply(uow, written=_text_of(uow, version), actor=actor)


def version(uow: UnitOfWork, number: int) -> Version:
    """A former version. Raises RuleSetInvalid if there is none."""
    found = _versions(uow, version=number)
    if not found:
        raise RuleSetInvalid(problem=f"there is no version {number}")
    return found[0]


def _text_of(uow: UnitOfWork, number: int) -> str:
    return version(uow, number).text


def in_force(uow: UnitOfWork) -> Version | None:
    """The version in force; None while the built-in rules hold."""
    found = uow.session.scalar(_NUMBER, {"org": uow.org_id, "id": uow.rule_set_id})
    return version(uow, found) if found is not None else None


def history(uow: UnitOfWork, most: int = 20) -> list[Version]:
    """The newest versions, newest first."""
    return _versions(uow, most=most)


def present(uow: UnitOfWork) -> str:
    """The text in force; empty while the defaults hold."""
    found = text("select text from rule_set where org_id = :org and id = :id")
    return uow.session.scalar(found, {"org": uow.org_id, "id": uow.rule_set_id}) or ""


def diff(uow: UnitOfWork, written: str) -> list[str]:
    """What a text would change about the one in force: lines with + and -, and what is around them."""
    old, new = present(uow).splitlines(), written.splitlines()
    return list(difflib.unified_diff(old, new, "in force", "proposed", lineterm=""))


def refresh_order(uow: UnitOfWork) -> queue.Order:
    """The job that brings all clocks in step with the rule set in force."""
    return queue.Order(queue.REFRESH, {"org_id": uow.org_id, "after": 0}, queue=queue.BULK)


def refresh(uow: UnitOfWork, *, after: int = 0, chunk: int = CHUNK) -> int | None:
    """Compute the deadlines of the next owned leads anew, and whether they count.

    Returns: where to go on, None at the end.
    """
    ids = uow.session.scalars(_OWNED, {"org": uow.org_id, "after": after, "chunk": chunk}).all()
    clocks.restart(uow, ids)
    # Last, because whoever claims meanwhile waits for the rows that it locks.
    ledger.recount(uow, ids)
    return ids[-1] if len(ids) == chunk else None


def _versions(uow: UnitOfWork, *, version: int | None = None, most: int = 1) -> list[Version]:
    rows = uow.session.execute(_HISTORY, {"org": uow.org_id, "version": version, "most": most})
    return [Version(**row) for row in rows.mappings()]


def _unknown(uow: UnitOfWork, rules: Rules) -> Iterator[str]:
    """Pools, departments and members that the rule set names and the organization does not have."""
    pools = _keys(uow, "pool")
    named = {rule.to for rule in rules.recycle} | {rule.fallback for rule in rules.dispatch} | {rules.fallback_pool}
    for pool in sorted(
        (named | set(rules.pools) | {one.target for one in rules.pools.values()}) - pools - {None}, key=str
    ):
        yield f"there is no pool {pool!r}"
    departments = {key for rule in rules.dispatch for key in (*rule.to.departments, *rule.shares)} | set(
        rules.claim.capacity.departments
    )
    departments |= {key for pool in rules.pools.values() for key in pool.admission.department_below}
    for key in sorted(set(rules.claim.capacity.sources) - _keys(uow, "source")):
        yield f"there is no source {key!r}"
    for key in sorted(set(rules.claim.capacity.exclude_stages) - _keys(uow, "stage")):
        yield f"there is no stage {key!r}"
    for key in sorted(departments - _keys(uow, "department")):
        yield f"there is no department {key!r}"
    people = {name for rule in rules.dispatch for name in rule.to.members} | set(rules.claim.capacity.members)
    people |= {name for rule in rules.dispatch if rule.weights for name in rule.weights.members}
    known = set(uow.session.scalars(_PEOPLE, {"org": uow.org_id}))
    for name in sorted(people):
        if name.casefold() not in known:
            yield f"there is no member {name!r}"


def _unlisted(uow: UnitOfWork, rules: Rules) -> Iterator[str]:
    """What the lists do not know. What the rules in force ask for already may stay, or a list's first value would keep
    everybody from changing any rule.
    """
    stands = [one for _rule, one in comparisons_in(uow.rules)]
    for rule, one in comparisons_in(rules):
        if one not in stands:
            for problem in catalogue_conditions.problems(catalogue.of(uow), [one]):
                yield f"{rule}: {problem}" if rule else problem


def asking_in_vain(uow: UnitOfWork, field: str) -> list[tuple[str, str]]:
    """Rules in force that ask for values of a field that its list does not have: each rule's name and the value."""
    lists = catalogue.of(uow)
    found = ((rule, one) for rule, one in comparisons_in(uow.rules) if one.field == field)
    return [(rule, value) for rule, one in found for value in catalogue_conditions.missing(lists, one)]


def asking_for_merged(uow: UnitOfWork, field: str) -> list[tuple[str, str, Entry]]:
    """Rules in force that ask for a value which no lead carries any more: the rule, the value, what it became."""
    lists = catalogue.of(uow)
    found = ((rule, one) for rule, one in comparisons_in(uow.rules) if one.field == field)
    return [(rule, value, entry) for rule, one in found for value, entry in catalogue_conditions.merged(lists, one)]


def _keys(uow: UnitOfWork, table: str) -> set[str | None]:
    named = text(f"select key from {table} where org_id = :org")  # noqa: S608
    return set(uow.session.scalars(named, {"org": uow.org_id}))
