"""One unit of work: one transaction, one `now`, one tenant, and the messages it owes. Only this file commits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, TextClause, text
from sqlalchemy.orm import Session
from structlog.contextvars import get_contextvars

from crm import hot, queue, rulebook
from crm.clock import TimeSource
from crm.vault import Vault

if TYPE_CHECKING:
    from crm.rules.ruleset import Rules

log = structlog.get_logger()
_NAMED = 100  # jobs of one transaction that the log names; it tells how many there are

# Row security goes by a setting that the same statement makes: what lies behind that wall is looked for by the value
# that setting it gave, and so not before. `offset 0` keeps it from being made twice.
_BELONGS = """
    o.rule_set_id as rules, o.modules_off as off, o.hooked, exists (
        select from shadow_time t
        where t.org_id = cast(nullif(one.wall, '') as bigint) and t.ended_at is null) as watched
"""
_OPEN = text(
    f"""
    select (select offset_seconds from clock limit 1) as shift, {_BELONGS}
    from (select set_config('sluice.org_id', :org, true) as wall offset 0) one
    left join organization o on o.id = cast(nullif(one.wall, '') as bigint)
    """  # noqa: S608  (constants)
)
# The insert, not a lookup, decides who is first: a second one of that key waits here until the first has committed.
_RECEIVE = f"""
    with shared as (
        select cast(:org as bigint) as org, coalesce((select offset_seconds from clock limit 1), 0) as shift
    ), first as (
        insert into delivery (key, org_id, at)
        select :key, org, cast(:wall as timestamptz) + make_interval(secs => shift) from shared
        on conflict (key) do nothing returning key
    )
    select one.shift, exists (select from first) as is_first, {_BELONGS} {{columns}}
    from (select shift, set_config('sluice.org_id', cast(org as text), true) as wall from shared offset 0) one
    left join organization o on o.id = cast(one.wall as bigint) {{joins}}
"""  # noqa: S608  (constants)
_ANSWERED = "update delivery set answer = cast(:answer as jsonb) where key = :key"
_RECENT = """
    insert into recent_lead (org_id, member_id, place, lead_id, at)
    select :org, r.member, r.place, r.lead, :now
    from jsonb_to_record(cast(:recent as jsonb)) as r(member bigint, place text, lead bigint) where r.lead > 0
    on conflict (org_id, member_id, place) do update set lead_id = excluded.lead_id, at = excluded.at
"""
# Most of what people do is looking, which owes nothing.
_LOOKED, _LOOKED_AT = text(_ANSWERED), text(f"with answered as ({_ANSWERED}) {_RECENT}")
# All that is written at the end, the jobs included, in one statement. What comes as a list comes as JSON, because a
# statement that takes an array is planned anew each time; the touched leads are one array to the planner, which would
# read all cards for a join.
_CLOSE = text(
    f"""
    with answered as (
        {_ANSWERED}
    ), owed as (
        insert into message (org_id, topic, key, member_id, conversation_id, workspace_id, address, lead_id, card,
                             state, attempt, group_key, created_at, due_at)
        select :org, m.topic, m.key, m.member_id, m.conversation_id, m.workspace_id, m.address, m.lead_id, m.card,
               'owed', 0, m.group_key, :now, coalesce(m.due_at, :now)
        from jsonb_to_recordset(cast(:owed as jsonb)) as m(
            topic text, key text, member_id bigint, conversation_id bigint, workspace_id bigint, address jsonb,
            lead_id bigint, card jsonb, group_key text, due_at timestamptz)
        on conflict (org_id, key) do nothing
        returning id, due_at
    ), touched as (
        update posted_card set wanted = wanted + 1
        where org_id = :org and live
          and lead_id = any(array(select cast(l as bigint) from jsonb_array_elements(cast(:touched as jsonb)) t(l)))
        returning id, coalesce(nullif(place, ''), cast(id as text)) as place, wanted - shown as behind
    ), recent as (
        {_RECENT}
    ), jobs as (
        select queue, task, lock, args, at
        from jsonb_to_recordset(cast(:orders as jsonb)) as o(queue text, task text, lock text, args jsonb,
                                                             at timestamptz)
        union all
        -- By the machine's clock, which a playground's shifted clock is ahead of.
        select :quick, :deliver, null, jsonb_build_object('org_id', :org, 'message_id', id, 'attempt', 0),
               case when due_at > :now then cast(:wall as timestamptz) + (due_at - :now) end
        from owed
        union all
        -- One waiting job per row is enough: it renders the newest state, however often that changed meanwhile. Rows
        -- of one place are one card to those who look at it, so their jobs go one after the other.
        select :quick, :edit, 'card:' || place, jsonb_build_object('org_id', :org, 'card_id', id), null
        from touched where behind = 1
    )
    select procrastinate_defer_jobs_v1(array_agg(
        cast(row(queue, task, 0, lock, null, args, at) as procrastinate_job_to_defer_v1)))
    from jobs having count(*) > 0
    """  # noqa: S608  (constants)
)
# Whether this transaction has written anything that others may want to be told of.
_HAPPENED = text(
    """
    select exists (select from activity where org_id = :org and xact = pg_current_xact_id()::text::bigint)
        or exists (select from happening where org_id = :org and xact = pg_current_xact_id()::text::bigint)
    """
)


@dataclass(frozen=True, slots=True)
class Along:
    """One row that is read in the statement that receives a delivery.

    Attributes:
        words: the statement. It gets the tenant from `one.wall`, for its rows are behind that wall.
        args: what it asks for by name.
    """

    words: str
    args: Mapping[str, Any]


@dataclass
class UnitOfWork:
    """What services work with.

    Attributes:
        session: the SQLAlchemy session of this transaction.
        now: the one time of this transaction, aware, UTC.
        org_id: the tenant; 0 until it is known (`enter`).
        muted: facts are written, but nobody is told and no job is started: for histories that are made after the event.
        vault: what opens the keys of organizations. via: `cli` where an operator does it.
        instead: the lead that was asked for and the one that stands for it since they were merged, by their references.
        is_first: False where the delivery that this transaction serves was served before.
        off: the modules that this tenant has switched off; `hooked`: other systems are told of what happens; `watched`:
            the engine only watches (shadow time).
    """

    session: Session
    time: TimeSource
    org_id: int = 0
    muted: bool = False
    vault: Vault | None = None
    via: str = ""
    now: datetime = field(init=False)
    rule_set_id: int | None = field(init=False, default=None)
    is_first: bool = field(init=False, default=True)
    off: frozenset[str] = field(init=False, default=frozenset())
    hooked: bool = field(init=False, default=False)
    watched: bool = field(init=False, default=False)
    instead: tuple[str, str] | None = field(init=False, default=None)
    _along: tuple[Along, Any] | None = field(init=False, default=None)
    _answer: tuple[str, str] | None = field(init=False, default=None)
    _recent: dict[str, Any] = field(init=False, default_factory=dict)
    _owed: list[dict[str, Any]] = field(init=False, default_factory=list)
    _touched: set[int] = field(init=False, default_factory=set)
    _orders: list[queue.Order] = field(init=False, default_factory=list)
    _deferred: list[int] = field(init=False, default_factory=list)
    _connection: Connection | None = field(init=False, default=None)

    def execute(self, statement: hot.Statement, args: Mapping[str, Any]) -> hot.Rows:
        """What `session.execute` does, in a part of its time: for statements that a decision or a claim is made of."""
        if self.session.in_nested_transaction():
            # A session sets its savepoint only when it is asked for the connection.
            return hot.execute(self.session.connection(), statement, args)
        if self._connection is None:
            self._connection = self.session.connection()
        return hot.execute(self._connection, statement, args)

    def open(self, org_id: int | None) -> None:
        """Begin: learn the time, and the tenant if it is known."""
        row = self.execute(_OPEN, {"org": str(org_id or "")}).one()
        self.now = self.time() + timedelta(seconds=row.shift or 0)
        self._belong(org_id or 0, row)

    def receive(self, org_id: int, key: str, along: Along | None = None) -> None:
        """Begin, and write the row of an inbound delivery before anything else; see `came_along`."""
        wall = self.time()
        args = {"org": org_id, "key": key, "wall": wall}
        row = self.execute(_receiving(along and along.words), {**args, **along.args} if along else args).one()
        self._along = (along, row) if along else None
        self.now = wall + timedelta(seconds=row.shift)
        self.is_first = row.is_first
        self._belong(org_id, row)

    def came_along(self, asked: Along) -> Any:
        """The row that was read as the delivery was received, once; None where it was another or there is none."""
        came, self._along = self._along, None
        return came[1] if came and came[0] == asked and came[1].came else None

    def enter(self, org_id: int) -> None:
        """Make this transaction the given tenant's."""
        row = self.session.execute(_OPEN, {"org": str(org_id)}).one()
        self._belong(org_id, row)

    def _belong(self, org_id: int, row: Any) -> None:
        self.org_id, self.rule_set_id, self.hooked = org_id, row.rules, bool(row.hooked)
        self.off, self.watched = frozenset(row.off or ()), row.watched

    @property
    def rules(self) -> Rules:
        """The rule set in force for this tenant."""
        return rulebook.in_force(self.session, self.org_id, self.rule_set_id)

    def notify(  # noqa: PLR0913  (one named thing each)
        self,
        topic: str,
        *,
        key: str,
        to: int | None = None,
        group: int | None = None,
        lead: int | None = None,
        data: Mapping[str, Any] | None = None,
        workspace: int | None = None,
        address: Mapping[str, Any] | None = None,
        due_at: datetime | None = None,
        together: str | None = None,
    ) -> None:
        """Owe a message: written with the fact, sent by a job after the commit.

        Args:
            topic: a name that `bot/notices.py` knows.
            key: stable name of this message in its organization; a second one with the same key is not written.
            to, group: a member's or a conversation's id; `address` with `workspace` for a late answer.
            data: ids and figures for the card; no personal text.
            due_at: not before this time; `together`: messages of one such name become one card while they wait.
        """
        self._owed.append(
            {
                "topic": topic, "key": key, "member_id": to, "conversation_id": group, "workspace_id": workspace,
                "address": address, "lead_id": lead, "card": dict(data or {}), "group_key": together,
                "due_at": due_at.isoformat() if due_at else None,
            }
        )  # fmt: skip

    def touch(self, *lead_ids: int) -> None:
        """The lead looks different now: every card that shows it and can be edited shall be."""
        self._touched.update(lead_ids)

    def dealt_with(self, lead_id: int, *, member: int, place: str) -> None:
        """From now on "it" means this lead when the member says so in that place."""
        self._recent = {"member": member, "place": place, "lead": lead_id}

    def defer(self, order: queue.Order) -> None:
        """Run a job after the commit."""
        self._orders.append(order)

    def answer(self, key: str, stored: Mapping[str, Any]) -> None:
        """Keep what the delivery of that key was answered, for its repeats; no personal text."""
        self._answer = (key, json.dumps(stored))

    def flush(self) -> None:
        """Write what is owed so far; called by commit."""
        self.session.flush()
        if self.hooked and self.execute(_HAPPENED, {"org": self.org_id}).scalar_one():
            self.defer(queue.Order(queue.PLAN, {"org_id": self.org_id}))
        self._close()
        self._orders, self._owed, self._answer, self._recent = [], [], None, {}
        self._touched.clear()

    def commit(self) -> None:
        self.flush()
        self.session.commit()
        if self._deferred and get_contextvars():
            # Beside the request, delivery or job to which the line belongs: what comes of it has these numbers.
            log.info("deferred", many=len(self._deferred), jobs=self._deferred[:_NAMED])

    def _close(self) -> None:
        lists = ([], [], []) if self.muted else (self._owed, sorted(self._touched), self._orders)
        if not (any(lists) or self._answer):
            return
        key, answer = self._answer or (None, None)
        args = {"key": key, "answer": answer, "org": self.org_id, "now": self.now, "recent": json.dumps(self._recent)}
        if not any(lists):
            self.execute(_LOOKED_AT if self._recent else _LOOKED, args)
            return
        owed, touched, orders = lists
        args |= {
            "wall": self.time(), "owed": json.dumps(owed), "touched": json.dumps(touched),
            "orders": queue.written(orders), "quick": queue.QUICK, "deliver": queue.DELIVER, "edit": queue.EDIT,
        }  # fmt: skip
        for row in self.execute(_CLOSE, args):
            self._deferred += row[0]


@contextmanager
def transaction(
    uow: UnitOfWork, org_id: int | None, delivery: str | None = None, along: Along | None = None
) -> Iterator[UnitOfWork]:
    """Open, commit when the block ends, roll back when it raises."""
    try:
        if org_id and delivery:
            uow.receive(org_id, delivery, along)
        else:
            uow.open(org_id)
        yield uow
        uow.commit()
    except BaseException:
        uow.session.rollback()
        raise


@cache
def _receiving(words: str | None) -> TextClause:
    # `offset 0` keeps what comes along from being looked for before there is a wall.
    joins = f"left join lateral (select true as came, a.* from ({words}) a offset 0) along on true" if words else ""  # noqa: S608  (constants)
    return text(_RECEIVE.format(columns=", along.*" if words else "", joins=joins))
