"""Writing to a lead's timeline, and changing a lead so that the change can be undone."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text

from crm.errors import Conflict
from crm.services import scoring
from crm.uow import UnitOfWork

# Columns that a rep's change may set. Their former values go into the activity, which is all that undo needs.
UNDOABLE = (
    "stage", "status", "followed_up_at", "contacted_at", "stage_entered_at", "closed_at", "lost_reason", "amount",
    "currency",
    "extended_until", "extensions", "recycle_at", "recycle_rule", "warn_at", "warn_step", "assigned_at",
    "protected_until", "held_by", "held_since", "held_until", "held_for",
)  # fmt: skip
# Of these, the ones on which points depend.
_SCORED = frozenset({"stage", "status", "contacted_at", "amount"})
_KEPT = ", ".join(f"'{name}', old.{name}" for name in UNDOABLE)


def change(  # noqa: PLR0913  (one named thing each)
    uow: UnitOfWork,
    *,
    lead_id: int,
    verb: str,
    actor_id: int | None,
    for_id: int | None = None,
    words: str | None = None,
    data: dict[str, Any] | None = None,
    made: dict[str, Any] | None = None,
    owner: int | None = None,
    **columns: Any,
) -> int | None:
    """Set columns of an open or closed lead and write the activity, in one statement.

    Args:
        columns: new values; `made` names rows made along with it (tasks, ...) that an undo takes back.
        owner: who must own the open lead when it is locked; it may have been recycled or closed since it was read.

    Returns: the activity's id. Raises: Conflict when `owner` has lost the lead meanwhile, or it is closed.
    """
    unknown = set(columns) - set(UNDOABLE)
    if unknown:
        raise ValueError(f"not undoable: {unknown}")
    made_one = uow.execute(
        _changing(tuple(columns)),
        {f"set_{name}": value for name, value in columns.items()}
        | {
            "org": uow.org_id, "lead": lead_id, "actor": actor_id, "for": for_id, "verb": verb, "now": uow.now,
            "words": words, "data": json.dumps(data or {}, default=plain), "made": json.dumps(made or {}),
            "owner": owner,
        },
    ).one_or_none()  # fmt: skip
    activity: int | None = made_one and made_one.id
    if owner is not None and activity is None:
        raise Conflict
    if _SCORED.intersection(columns):
        scoring.refresh(uow, [lead_id])
    uow.touch(lead_id)
    return activity


@cache
def _changing(columns: tuple[str, ...]) -> TextClause:
    sets = "".join(f", {name} = :set_{name}" for name in columns)
    return text(
        f"""
        with old as (
            select * from lead where org_id = :org and id = :lead
              and (cast(:owner as bigint) is null or (owner_id = :owner and status = 'open')) for no key update
        ),
        changed as (
            update lead l set version = l.version + 1{sets} from old where l.org_id = :org and l.id = old.id
            returning l.id, l.version
        )
        insert into activity (org_id, lead_id, actor_id, for_id, verb, at, words, data, undo)
        select :org, changed.id, :actor, :for, :verb, :now, :words, cast(:data as jsonb),
               jsonb_build_object('version', changed.version, 'before',
               jsonb_build_object({_KEPT})) || cast(:made as jsonb)
        from changed, old returning id
        """  # noqa: S608  (column names come from UNDOABLE)
    )


_NOTE = text(
    "insert into activity (org_id, lead_id, actor_id, verb, at, words, data, undo)"
    " values (:org, :lead, :actor, :verb, :now, :words, cast(:data as jsonb),"
    " case when :undoable then cast('{}' as jsonb) end) returning id"
)


def note(
    uow: UnitOfWork,
    *,
    lead_id: int,
    verb: str,
    actor_id: int | None,
    words: str | None = None,
    data: dict[str, Any] | None = None,
    undoable: bool = False,
) -> int:
    """Write an activity that changes nothing about the lead; returns its id."""
    made: int = uow.execute(
        _NOTE,
        {
            "org": uow.org_id, "lead": lead_id, "actor": actor_id, "verb": verb, "now": uow.now, "words": words,
            "data": json.dumps(data or {}, default=plain), "undoable": undoable,
        },
    ).scalar_one()  # fmt: skip
    return made


# A hand-over leaves two lines at each lead: the end of the former ownership, and the new one.
_ONE_STEP = text(
    """
    with made as (
        select a.id from activity a join lead l on l.org_id = a.org_id and l.id = a.lead_id
        where a.org_id = :org and a.lead_id = any(:leads) and a.actor_id = :me and a.verb = :verb and a.at = :now
          and a.undone_at is null and (a.undo->>'version')::bigint > l.version - 2
    )
    update activity a set undo = a.undo || jsonb_build_object('step', (select cast(max(id) as text) from made))
    from made where a.org_id = :org and a.id = made.id
    """
)
_REACHES = text(
    """
    update activity a set undo = a.undo || jsonb_build_object('version', l.version, 'base',
               coalesce((a.undo->>'base')::bigint, (a.undo->>'version')::bigint - 1))
    from lead l where a.org_id = :org and a.id = :id and l.org_id = a.org_id and l.id = a.lead_id
    """
)
_SAME_STEP = text(
    """
    update activity a set undo = a.undo || jsonb_build_object('step', (
        select cast(max(b.id) as text) from activity b
        where b.org_id = a.org_id and b.lead_id = a.lead_id and b.actor_id = a.actor_id and b.at = a.at))
    where a.org_id = :org and a.lead_id = :lead and a.actor_id = :me and a.at = :now and a.undo is not null
      and a.undone_at is null
    """
)
_ENTRIES = """
    select a.id, a.lead_id, a.verb, a.at, a.words, a.data, a.undone_at, m.name as actor, f.name as for_, a.decision_id,
           d.rule, d.facts as because
    from activity a
    left join decision d on d.org_id = a.org_id and d.id = a.decision_id
    left join member m on m.org_id = a.org_id and m.id = a.actor_id
    left join member f on f.org_id = a.org_id and f.id = a.for_id
    where a.org_id = :org
"""
# What was taken back says so itself. What was said of leads that were merged into this one is part of its story.
_STORY = """
    and a.lead_id = any(array(select cast(:lead as bigint) union all
                              select w.id from lead w where w.org_id = :org and w.merged_into = :lead))
"""
_OF_LEAD = text(
    _ENTRIES + _STORY + " and a.verb not in ('undone', 'merged_away') and a.data->>'corrected' is null"
    " order by a.at desc, a.id desc limit :most"
)
_ONE = text(_ENTRIES + " and a.id = :id")
_LAST = text(_ENTRIES + " and a.lead_id = :lead and a.verb = :verb order by a.at desc, a.id desc limit 1")


def entries(uow: UnitOfWork, lead_id: int, most: int = 8) -> list[dict[str, Any]]:
    """The newest entries of a timeline, newest first, with the actors' names."""
    rows = uow.execute(_OF_LEAD, {"org": uow.org_id, "lead": lead_id, "most": most})
    return [_entry(row) for row in rows]


def entry(uow: UnitOfWork, activity_id: int) -> dict[str, Any] | None:
    """One entry; whoever shows it has passed the door of its lead."""
    row = uow.execute(_ONE, {"org": uow.org_id, "id": activity_id}).one_or_none()
    return _entry(row) if row else None


def _entry(row: Any) -> dict[str, Any]:
    # The driver names the places of a row, and `for` is no name in Python.
    found: dict[str, Any] = row._asdict()
    return found | {"for": found.pop("for_")}


def last(uow: UnitOfWork, lead_id: int, verb: str) -> dict[str, Any] | None:
    """The newest entry of that kind."""
    row = uow.execute(_LAST, {"org": uow.org_id, "lead": lead_id, "verb": verb}).one_or_none()
    return _entry(row) if row else None


def set_tasks(uow: UnitOfWork, ids: list[int], *, to: str, was: str) -> None:
    """Bring tasks of that state into another, when a change that closed or made them is taken back."""
    uow.session.execute(
        text(
            "update task set state = :to, version = version + 1,"
            " closed_at = case when :to = 'open' then null else cast(:now as timestamptz) end"
            " where org_id = :org and id = any(:ids) and state = :was"
        ),
        {"org": uow.org_id, "ids": ids, "to": to, "was": was, "now": uow.now},
    )


def one_step(uow: UnitOfWork, *, actor_id: int, lead_ids: list[int], verb: str) -> None:
    """What the actor has just done with these leads was one command, so an undo takes it back as one."""
    uow.session.execute(_ONE_STEP, {"org": uow.org_id, "me": actor_id, "leads": lead_ids, "verb": verb, "now": uow.now})


def same_step(uow: UnitOfWork, *, actor_id: int, lead_id: int) -> None:
    """All that the actor has done with the lead in this transaction was one command, whatever it changed."""
    uow.session.execute(_SAME_STEP, {"org": uow.org_id, "me": actor_id, "lead": lead_id, "now": uow.now})


def reaches_to_now(uow: UnitOfWork, activity_id: int) -> None:
    """What has happened to the lead since that change was written belongs to the change."""
    uow.session.execute(_REACHES, {"org": uow.org_id, "id": activity_id})


def undoable_creation(uow: UnitOfWork, lead_ids: list[int], *, list_id: int | None = None) -> None:
    """Leads that have just been entered can be taken back, those of a pasted list together.

    That they were given to who entered them is no change of its own.
    """
    uow.session.execute(
        text(
            "update activity set undo = null where org_id = :org and lead_id = any(:ids) and verb = 'assigned'"
            " and at = :now"
        ),
        {"org": uow.org_id, "ids": lead_ids, "now": uow.now},
    )
    uow.session.execute(
        text(
            "update activity a set undo = jsonb_strip_nulls(jsonb_build_object("
            "  'version', l.version, 'step', 'list-' || cast(:list as bigint)))"
            " from lead l where a.org_id = :org and a.lead_id = any(:ids) and a.verb = 'created'"
            " and l.org_id = a.org_id and l.id = a.lead_id"
        ),
        {"org": uow.org_id, "ids": lead_ids, "list": list_id},
    )


def other_open(uow: UnitOfWork, lead_id: int) -> int | None:
    """Another open lead of the same person in the same line, of which there can be one only."""
    found: int | None = uow.session.scalar(
        text(
            "select o.id from lead l join lead o on o.org_id = l.org_id and o.person_id = l.person_id"
            " and o.line_id = l.line_id and o.status = 'open' and o.id <> l.id where l.org_id = :org and l.id = :lead"
        ),
        {"org": uow.org_id, "lead": lead_id},
    )
    return found


def plain(value: Any) -> Any:
    """What JSON cannot say by itself."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"not JSON: {type(value)}")
