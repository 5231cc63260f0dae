"""One unit of work: one transaction, one `now`, one tenant, and the messages it owes. Only this file commits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm import queue, rulebook
from crm.clock import TimeSource

if TYPE_CHECKING:
    from crm.rules.ruleset import Rules

_OPEN = text(
    "select set_config('sluice.org_id', :org, true),"
    " (select offset_seconds from clock limit 1) as shift,"
    " (select rule_set_id from organization where id = nullif(:org, '')::bigint) as rules"
)
_OWE = text(
    """
    insert into message (org_id, topic, key, member_id, conversation_id, workspace_id, address, lead_id, card, state,
                         attempt, group_key, created_at, due_at)
    select :org, m.topic, m.key, m.member_id, m.conversation_id, m.workspace_id, m.address, m.lead_id, m.card, 'owed',
           0, m.group_key, :now, coalesce(m.due_at, :now)
    from jsonb_to_recordset(cast(:rows as jsonb)) as m(topic text, key text, member_id bigint, conversation_id bigint,
         workspace_id bigint, address jsonb, lead_id bigint, card jsonb, group_key text, due_at timestamptz)
    on conflict (org_id, key) do nothing
    returning id, group_key, due_at
    """
)
_TOUCH = text(
    """
    update posted_card set wanted = wanted + 1
    where org_id = :org and live and lead_id = any(:leads)
    returning id, wanted - shown as behind
    """
)


@dataclass
class UnitOfWork:
    """What services work with.

    Attributes:
        session: the SQLAlchemy session of this transaction.
        now: the one time of this transaction, aware, UTC.
        org_id: the tenant; 0 until it is known (`enter`).
        muted: facts are written, but nobody is told and no job is started: for histories that are made after the event.
    """

    session: Session
    time: TimeSource
    org_id: int = 0
    muted: bool = False
    now: datetime = field(init=False)
    rule_set_id: int | None = field(init=False, default=None)
    _owed: list[dict[str, Any]] = field(init=False, default_factory=list)
    _touched: set[int] = field(init=False, default_factory=set)
    _orders: list[queue.Order] = field(init=False, default_factory=list)

    def open(self, org_id: int | None) -> None:
        """Begin: learn the time, and the tenant if it is known."""
        row = self.session.execute(_OPEN, {"org": str(org_id or "")}).one()
        self.now = self.time() + timedelta(seconds=row.shift or 0)
        self.org_id, self.rule_set_id = org_id or 0, row.rules

    def enter(self, org_id: int) -> None:
        """Make this transaction the given tenant's."""
        row = self.session.execute(_OPEN, {"org": str(org_id)}).one()
        self.org_id, self.rule_set_id = org_id, row.rules

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

    def defer(self, order: queue.Order) -> None:
        """Run a job after the commit."""
        self._orders.append(order)

    def flush(self) -> None:
        """Write what is owed so far; called by commit."""
        self.session.flush()
        orders = [] if self.muted else self._orders + self._messages() + self._edits()
        self._orders, self._owed = [], []
        self._touched.clear()
        queue.defer(self.session, orders)

    def commit(self) -> None:
        self.flush()
        self.session.commit()

    def _messages(self) -> list[queue.Order]:
        if not self._owed:
            return []
        args = {"org": self.org_id, "now": self.now, "rows": json.dumps(self._owed)}
        return [
            queue.Order(
                queue.DELIVER,
                {"org_id": self.org_id, "message_id": row.id, "attempt": 0},
                at=self._later(row.due_at),
            )
            for row in self.session.execute(_OWE, args)
        ]

    def _edits(self) -> list[queue.Order]:
        if not self._touched:
            return []
        rows = self.session.execute(_TOUCH, {"org": self.org_id, "leads": sorted(self._touched)})
        # One waiting job per card is enough: it renders the newest state, however often that changed meanwhile.
        return [
            queue.Order(queue.EDIT, {"org_id": self.org_id, "card_id": row.id}, lock=f"card:{row.id}")
            for row in rows
            if row.behind == 1
        ]

    def _later(self, due_at: datetime) -> datetime | None:
        """When the job shall run by the machine's clock, which a playground's shifted clock is ahead of."""
        wait = due_at - self.now
        return self.time() + wait if wait > timedelta(0) else None


@contextmanager
def transaction(uow: UnitOfWork, org_id: int | None) -> Iterator[UnitOfWork]:
    """Open, commit when the block ends, roll back when it raises."""
    try:
        uow.open(org_id)
        yield uow
        uow.commit()
    except BaseException:
        uow.session.rollback()
        raise
