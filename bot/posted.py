"""Cards that stand in a chat: brought up to date when their lead changes, however often that was meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text

from bot import afresh, pushed
from bot.cards.facts import Facts, everybody
from bot.platforms.base import CardGone, Handle, Platform, PlatformError, Throttled, Unavailable, Workspace
from bot.workspaces import Workspaces
from crm import queue
from crm.db import Database
from crm.rules.access import Actor
from crm.services import dropped_sheets, members
from crm.uow import UnitOfWork

log = structlog.get_logger()

_ROW = text(
    """
    select c.id, c.workspace_id, c.member_id, c.lead_id, c.card, c.handle, c.place, c.wanted, c.shown, c.posted_at,
           coalesce(d.timezone, o.timezone) as timezone, coalesce(d.locale, o.locale) as locale
    from posted_card c join organization o on o.id = c.org_id
    left join conversation v on v.org_id = c.org_id and v.id = c.conversation_id
    left join department d on d.org_id = v.org_id and d.id = v.department_id
    where c.org_id = :org and c.id = :id and c.live and c.shown < c.wanted
    """
)
_SHOWN = text(
    "update posted_card set shown = greatest(shown, :wanted), handle = cast(:handle as jsonb), live = :live"
    " where org_id = :org and id = :id returning wanted - shown as behind"
)

_LEAD_AT = text(
    "select min(l.number) as lead, min(q.number) as question from posted_card c"
    " join lead l on l.org_id = c.org_id and l.id = c.lead_id"
    " left join question q on q.org_id = c.org_id and q.id = cast(c.card->'args'->>'question' as bigint)"
    " where c.org_id = :org and c.workspace_id = :workspace and c.place = :place and c.place <> ''"
    " having count(distinct l.id) = 1"
)

# A card of several leads has a row for each; drawn over by another card, the first row alone stands for it.
_REDRAWN = text(
    """
    update posted_card c set card = cast(:card as jsonb), lead_id = coalesce(:lead, c.lead_id), task_id = :task,
           shown = wanted, live = :live and c.id = (
             select min(o.id) from posted_card o
             where o.org_id = c.org_id and o.workspace_id = c.workspace_id and o.place = c.place)
    where c.org_id = :org and c.workspace_id = :workspace and c.place = :place and c.place <> ''
      and c.conversation_id is null
    """
)
# What the former handle can still do it keeps: a card of WeCom that was changed by a tap's code has its own one left.
_TAKE_PLACE = text(
    """
    update posted_card c set card = cast(:card as jsonb), handle = c.handle || cast(:handle as jsonb), lead_id = :first,
           task_id = :task, shown = wanted, live = :live and c.id = (
             select min(o.id) from posted_card o
             where o.org_id = c.org_id and o.workspace_id = c.workspace_id and o.place = c.place)
    where c.org_id = :org and c.workspace_id = :workspace and c.place = :place and c.place <> ''
    returning c.id
    """
)
_POST = text(
    """
    insert into posted_card (org_id, message_id, workspace_id, member_id, conversation_id, lead_id, task_id, card,
                             handle, place, wanted, shown, live, posted_at, told)
    select :org, :message, :workspace, :member, :conversation, lead, :task, cast(:card as jsonb),
           cast(:handle as jsonb), :place, 0, 0, :live, :now,
           (select max(a.id) from activity a where a.org_id = :org and a.lead_id = lead)
    from unnest(cast(:leads as bigint[])) as lead
    """
)
# The card of a dropped sheet is found by the sheet's own row, which knows its place.
_SHEET_AT = text(
    """
    update import_job set counters = counters || jsonb_build_object(
        'posted', jsonb_build_object('workspace', cast(:workspace as bigint), 'place', cast(:place as text)))
    where org_id = :org and id = :sheet
    """
)
_ITS_CARD = """
    from import_job j where j.org_id = :org and j.id = :sheet and c.org_id = j.org_id
     and c.workspace_id = cast(j.counters->'posted'->>'workspace' as bigint)
     and c.place = j.counters->'posted'->>'place' and c.place <> ''
"""
_SHEET_CHANGED = text(
    f"update posted_card c set wanted = c.wanted + 1, live = true {_ITS_CARD}"  # noqa: S608  (constants)
    " returning c.id, c.place, c.wanted - c.shown as behind"
)
_SHEET_PLACE = text(f"select c.handle {_ITS_CARD.replace('where', ', posted_card c where', 1)} limit 1")
_ALONE = text(
    """
    select c.id, c.place from posted_card c
    where c.org_id = :org and c.workspace_id = :workspace and c.place = :place and c.place <> ''
      and c.lead_id is not null and c.member_id is not null and c.conversation_id is null
    """
)
NOTHING: Mapping[str, str] = {}
# So many leads of a card that shows several are looked at; cards show fewer.
MOST_LEADS = 12


@dataclass(frozen=True, slots=True)
class Posted:
    """A card that has just been posted. `call` is its name and arguments; with `lives` it follows its leads.

    `showing`: of a sheet's card, what it showed when it was drawn (`dropped_sheets.showing`).
    """

    workspace_id: int
    handle: Handle
    call: Mapping[str, Any]
    lives: bool
    message_id: int | None = None
    member_id: int | None = None
    conversation_id: int | None = None
    lead_id: int | None = None
    showing: str = ""


def remember(uow: UnitOfWork, card: Posted) -> bool:
    """Keep where the card stands, so that it can be edited: a row for each of its leads, any of which may change.

    A card drawn over another one takes over its place. Returns: whether that is so.
    """
    task, leads, sheet = card.call["args"].get("task"), _leads_of(card), card.call["args"].get("sheet")
    values = {
        "org": uow.org_id, "workspace": card.workspace_id, "place": place_of(card.handle), "message": card.message_id,
        "member": card.member_id, "conversation": card.conversation_id, "leads": leads or [None],
        "first": leads[0] if leads else None, "task": task, "card": json.dumps(card.call),
        "handle": json.dumps(dict(card.handle)), "live": card.lives and bool(leads or task or sheet), "now": uow.now,
    }  # fmt: skip
    drawn_over = bool(uow.session.scalars(_TAKE_PLACE, values).all())
    if not drawn_over:
        uow.session.execute(_POST, values)
    if sheet:
        uow.session.execute(_SHEET_AT, values | {"sheet": sheet})
        # A sheet is read faster than a card is sent: what came in between found no card to change.
        if card.showing and card.showing != dropped_sheets.showing(uow, sheet):
            sheet_changed(uow, sheet)
    return drawn_over


def thread_due(uow: UnitOfWork, workspace_id: int, handle: Handle) -> None:
    """The card of one lead that stands there has changed: its thread may have something to tell."""
    rows = uow.session.execute(_ALONE, {"org": uow.org_id, "workspace": workspace_id, "place": place_of(handle)}).all()
    if len(rows) == 1:
        order = {"org_id": uow.org_id, "card_id": rows[0].id}
        uow.defer(queue.Order(queue.THREAD, order, lock=f"thread:{rows[0].id}"))


def sheet_changed(uow: UnitOfWork, sheet: int) -> None:
    """What the card of a dropped sheet shows has changed."""
    for row in uow.session.execute(_SHEET_CHANGED, {"org": uow.org_id, "sheet": sheet}):
        if row.behind == 1:
            order = {"org_id": uow.org_id, "card_id": row.id}
            uow.defer(queue.Order(queue.EDIT, order, lock=queue.card_lock(row.id, row.place)))


def sheet_place(uow: UnitOfWork, sheet: int) -> Handle | None:
    """Where the card of a dropped sheet stands."""
    found: Handle | None = uow.session.scalar(_SHEET_PLACE, {"org": uow.org_id, "sheet": sheet})
    return found


def _leads_of(card: Posted) -> list[int | None]:
    args = card.call["args"]
    several = args.get("leads", ()) if card.lives else ()
    one = card.lead_id or args.get("lead")
    return list(dict.fromkeys([*([one] if one else ()), *several]))[:MOST_LEADS]


def place_of(handle: Handle) -> str:
    """A name for where a card stands, the same for every handle of that place."""
    return ":".join(str(handle[key]) for key in ("channel", "ts", "task_id", "message") if handle.get(key))


def ref_at(uow: UnitOfWork, workspace_id: int, handle: Handle) -> str:
    """The reference of the lead or question whose card stands there; empty where none does, or several leads do."""
    where = {"org": uow.org_id, "workspace": workspace_id, "place": place_of(handle)}
    found = uow.session.execute(_LEAD_AT, where).one_or_none()
    if found is None:
        return ""
    return f"A-{found.question}" if found.question else f"L-{found.lead}"


def redrawn(uow: UnitOfWork, workspace_id: int, handle: Handle, card: Mapping[str, Any]) -> None:
    """The answer itself has changed somebody's own card: later edits draw that one, and none is due now.

    Args: card: the name and args of what stands there from now on.
    """
    uow.flush()  # what this transaction touched asks for edits that the answer shows already
    lead, task = card["args"].get("lead"), card["args"].get("task")
    args = {"org": uow.org_id, "workspace": workspace_id, "place": place_of(handle), "lead": lead, "task": task}
    uow.session.execute(_REDRAWN, args | {"card": json.dumps(card), "live": bool(lead or task)})


class Edits:
    """The editing job's work. Safe to share by threads; the job's lock keeps one card's edits in line."""

    def __init__(self, *, database: Database, workspaces: Workspaces, platforms: Mapping[str, Platform]) -> None:
        self._database, self._workspaces, self._platforms = database, workspaces, platforms

    def edit(self, org_id: int, card_id: int) -> None:
        """Show the newest state on one posted card."""
        with self._database.begin(org_id) as uow:
            found = uow.session.execute(_ROW, {"org": org_id, "id": card_id}).mappings().one_or_none()
            if found is None:
                return
            row = dict(found)
            workspace = self._workspaces.by_id(row["workspace_id"])
            platform = self._platforms[workspace.platform] if workspace else None
            shown = afresh.shows(uow, row["card"], row["member_id"])
            card = pushed.drawn(row["card"], self._facts(uow, row, workspace), platform)
        if workspace is None:
            return
        try:
            handle = self._platforms[workspace.platform].update(workspace, row["handle"], card)
        except (Throttled, Unavailable) as exc:
            self._later(org_id, card_id, exc.retry_after if isinstance(exc, Throttled) else 30.0)
        except PlatformError as exc:
            log.info("edit.gone", cause=exc.cause)
            fate = self._fate(org_id, row) if isinstance(exc, CardGone) and row["member_id"] else "leave"
            self._note(org_id, row, row["handle"], live=fate == "keep")
            if fate in ("again", "away"):
                self._retire(workspace, row["handle"])
        else:
            log.info("edited", card=card_id, lead=row["lead_id"])
            self._note(org_id, row, handle, live=True, shown=shown)
            if row["card"]["card"] == afresh.ERASED:
                self._retire(workspace, handle)  # with what was too long for the card and stands beside it

    def _fate(self, org_id: int, row: Mapping[str, Any]) -> afresh.Fate:
        """What becomes of a person's card that cannot be edited any more. A fresh one has a key: owed once."""
        sheet = row["card"]["args"].get("sheet")
        with self._database.begin(org_id) as uow:
            if not sheet:
                # Where cards can always be edited, one that is gone was deleted by whoever had it.
                return afresh.settle(uow, row) if self._retires(row["workspace_id"]) else "leave"
            if not dropped_sheets.has_news(uow, sheet):
                return "leave"
            key = f"sheet:{sheet}:{row['id']}:{row['wanted']}"
            uow.notify("sheet", to=row["member_id"], key=key, data={"sheet": sheet})
        return "again"

    def _retires(self, workspace_id: int) -> bool:
        return hasattr(self._platform(workspace_id), "retire")

    def _retire(self, workspace: Workspace, handle: Handle) -> None:
        """Take the old card away where the platform can, so that nobody taps it."""
        retire = getattr(self._platforms[workspace.platform], "retire", None)
        if retire is None:
            return
        try:
            retire(workspace, handle)
        except PlatformError as exc:
            log.info("edit.not_retired", cause=exc.cause)

    def _facts(self, uow: UnitOfWork, row: Mapping[str, Any], workspace: Any) -> Facts:
        viewer: Actor = (
            members.get(uow, row["member_id"])
            if row["member_id"]
            else everybody(uow.org_id, members.zone(row["timezone"]), row["locale"])
        )
        return Facts(uow, viewer, workspace.platform if workspace else "")

    def _note(
        self, org_id: int, row: Mapping[str, Any], handle: Handle, *, live: bool, shown: Mapping[str, str] = NOTHING
    ) -> None:
        with self._database.begin(org_id) as uow:
            afresh.keep(uow, row, shown)
            args = {
                "org": org_id,
                "id": row["id"],
                "wanted": row["wanted"],
                "handle": json.dumps(dict(handle)),
                "live": live,
            }
            after = uow.session.execute(_SHOWN, args).one()
            if live and row["lead_id"] and hasattr(self._platform(row["workspace_id"]), "reply_under"):
                thread_due(uow, row["workspace_id"], handle)
            if live and after.behind > 0:
                lock = queue.card_lock(row["id"], row["place"])
                uow.defer(queue.Order(queue.EDIT, {"org_id": org_id, "card_id": row["id"]}, lock=lock))

    def _platform(self, workspace_id: int) -> Platform | None:
        workspace = self._workspaces.by_id(workspace_id)
        return self._platforms[workspace.platform] if workspace else None

    def _later(self, org_id: int, card_id: int, wait: float) -> None:
        with self._database.begin(org_id) as uow:
            # Without the card's lock: every later edit would wait behind a job that waits.
            at = self._database.time() + timedelta(seconds=wait)
            uow.defer(queue.Order(queue.EDIT, {"org_id": org_id, "card_id": card_id}, at=at))
