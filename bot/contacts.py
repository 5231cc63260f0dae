"""The jobs that ask the chat about people: who a contact is, who a colleague is, and every night whether what we know
still holds, since the chat's own news of it may be lost. What the chat says is asked outside any transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import text

from bot.app import Bot
from bot.platforms.base import PlatformError, Rejected, Throttled, Unavailable, Workspace
from bot.platforms.slack import SlackPlatform
from bot.platforms.slack_directory import SlackDirectory
from bot.platforms.wecom import WeCom
from bot.platforms.wecom_directory import Directory
from crm import queue
from crm.rules.directory import Colleague, Contact, Unit
from crm.services import address_book, address_book_units, contact_moves, external_contacts, leaving, members
from crm.uow import UnitOfWork

log = structlog.get_logger()

TRIES, LONGEST_WAIT = 8, 3600.0
MOVES_WAIT = timedelta(hours=1)
CHUNK = 100
NEWS = timedelta(days=3)
"""A contact whose coming was not told is news for so long; what is older was there before us."""
MOST_GONE = 3
"""So many may be missing from the address book at once without a doubt about the address book itself."""

_LINKED = text(
    "select i.member_id, i.external_id from chat_identity i join member m on m.org_id = i.org_id and m.id = i.member_id"
    " and m.active where i.org_id = :org and i.workspace_id = :workspace order by i.id"
)
_FOLLOWED = text(
    "select external_id from contact_follow where org_id = :org and workspace_id = :workspace and member_id = :member"
    " and ended_at is null"
)


@dataclass(frozen=True, slots=True)
class Contacts:
    """Safe to run twice and by many at once."""

    bot: Bot

    def read_contact(self, org_id: int, workspace_id: int, member_id: int, external_id: str, tries: int = 0) -> None:
        """Ask who a contact is, and place it."""
        workspace = self.bot.workspaces.by_id(workspace_id)
        if workspace is None:
            return
        with self.bot.database.begin(org_id) as uow:
            user = _user(uow, workspace_id, member_id)
        again = {"member_id": member_id, "external_id": external_id}
        order = queue.Order(queue.CONTACT, {"org_id": org_id, "workspace_id": workspace_id, **again})
        found = self._ask(order, tries, lambda: self._directory(workspace).contact(external_id, user))
        if isinstance(found, Contact):
            with self.bot.database.begin(org_id) as uow:
                member = members.get(uow, member_id)
                external_contacts.told(uow, workspace_id=workspace_id, member=member, contact=found)

    def read_colleague(self, org_id: int, workspace_id: int, user: str, tries: int = 0) -> None:
        """Ask who somebody is who has come into the app's range."""
        workspace = self.bot.workspaces.by_id(workspace_id)
        if workspace is None:
            return
        order = queue.Order(queue.COLLEAGUE, {"org_id": org_id, "workspace_id": workspace_id, "user": user})
        found = self._ask(order, tries, lambda: self._directory(workspace).colleague(user))
        if isinstance(found, Colleague) and found.active:
            self._see(workspace, [found], self.bot.database.time())

    def move_contacts(self, org_id: int, workspace_id: int) -> None:
        """Ask the chat to move the contacts whose time has come, and what became of those it was asked for."""
        workspace = self.bot.workspaces.by_id(workspace_id)
        if workspace is None:
            return
        with self.bot.database.begin(org_id) as uow:
            batches = contact_moves.due(uow, workspace_id=workspace_id)
        directory = self._directory(workspace)
        for batch in batches:
            try:
                answers = (
                    directory.moved(batch.giver, batch.taker, left=batch.left)
                    if batch.asked
                    else directory.move(batch.giver, batch.taker, list(batch.moves), left=batch.left)
                )
            except PlatformError as exc:
                log.info("contacts.not_moved", cause=exc.cause)
                wait = timedelta(seconds=exc.retry_after) if isinstance(exc, Throttled) else MOVES_WAIT
                with self.bot.database.begin(org_id) as uow:
                    contact_moves.put_off(uow, batch, wait)
                continue
            with self.bot.database.begin(org_id) as uow:
                contact_moves.answered(uow, batch, answers)
        with self.bot.database.begin(org_id) as uow:
            contact_moves.plan(uow, workspace_id)

    def reconcile(self) -> None:
        """Each night: compare departments, people and contacts of every installation with what we know."""
        for workspace in [*self.bot.workspaces.all("wecom"), *self.bot.workspaces.all("slack")]:
            try:
                self.compare(workspace)
            except Exception:
                # One company's mishap keeps no other from its night.
                log.exception("contacts.compare_failed", workspace=workspace.id)

    def compare(self, workspace: Workspace) -> list[str]:
        """One installation; what it may not see is left as it is. Returns: what was refused."""
        refused = []
        if workspace.platform == "slack":
            works: tuple[Callable[[Workspace], None], ...] = (self._people_of_slack,)
        else:
            works = (self._people, self._contacts)
        for work in works:
            try:
                work(workspace)
            except PlatformError as exc:
                refused.append(exc.cause)
                log.info("contacts.not_compared", workspace=workspace.id, cause=exc.cause)
        with self.bot.database.begin(workspace.org_id) as uow:
            contact_moves.plan(uow, workspace.id)
        return refused

    def _people_of_slack(self, workspace: Workspace) -> None:
        """Who is linked follows Slack; who is in a user group called like a team of ours is made."""
        asked_at, directory = self.bot.database.time(), self._slack(workspace)
        groups = self._groups(workspace, directory)
        with self.bot.database.begin(workspace.org_id) as uow:
            linked = address_book_units.link_named(uow, workspace_id=workspace.id, units=list(groups))
        units = {user: unit.id for unit, users in groups.items() if unit.id in linked for user in users}
        people = directory.colleagues(units)
        for start in range(0, len(people), CHUNK):
            part = [each for each in people[start : start + CHUNK] if each.active]
            self._see(workspace, part, asked_at, company=False)
        self._sign_off(workspace, directory, people)

    def _groups(self, workspace: Workspace, directory: SlackDirectory) -> dict[Unit, list[str]]:
        """The user groups, none where the app was installed before it asked to see them."""
        try:
            return directory.groups()
        except Rejected as exc:
            log.info("contacts.no_groups", workspace=workspace.id, cause=exc.cause)
            return {}

    def _people(self, workspace: Workspace) -> None:
        asked_at, directory = self.bot.database.time(), self._directory(workspace)
        units = directory.units()
        people = directory.colleagues(units)
        with self.bot.database.begin(workspace.org_id) as uow:
            address_book_units.see_all(uow, workspace_id=workspace.id, units=units)
        for start in range(0, len(people), CHUNK):
            self._see(workspace, [each for each in people[start : start + CHUNK] if each.active], asked_at)
        self._sign_off(workspace, directory, people)

    def _see(
        self, workspace: Workspace, people: Sequence[Colleague], asked_at: datetime, *, company: bool = True
    ) -> None:
        with self.bot.database.begin(workspace.org_id) as uow:
            # The machine's clock, which a shifted one is ahead of.
            told_at = asked_at + (uow.now - uow.time())
            here: dict[str, Any] = {"workspace_id": workspace.id, "told_at": told_at, "company": company}
            seen = [address_book.see(uow, person=each, **here) for each in people]
            address_book.welcome(uow, [found[1] for found in seen if found and found[0] == address_book.NEW])

    def _sign_off(
        self, workspace: Workspace, directory: Directory | SlackDirectory, people: Sequence[Colleague]
    ) -> None:
        """Who is marked as gone, and who is missing, each asked for by name; many at once are somebody's mistake."""
        present = [each.user for each in people if each.active]
        with self.bot.database.begin(workspace.org_id) as uow:
            missing = address_book.missing(uow, workspace_id=workspace.id, present=present)
        if len(missing) > max(MOST_GONE, len(present) // 3):
            log.warning("contacts.too_many_gone", workspace=workspace.id, missing=len(missing))
            return
        for user in missing:
            found = directory.colleague(user)
            if found is None or not found.active:
                with self.bot.database.begin(workspace.org_id) as uow:
                    leaving.sign_off(uow, workspace_id=workspace.id, external_id=user)

    def _contacts(self, workspace: Workspace) -> None:
        directory = self._directory(workspace)
        with self.bot.database.begin(workspace.org_id) as uow:
            linked = uow.session.execute(_LINKED, {"org": uow.org_id, "workspace": workspace.id}).all()
        for row in linked:
            found = {each.id: each for each in directory.contacts_of(row.external_id)}
            with self.bot.database.begin(workspace.org_id) as uow:
                known = self._known(uow, workspace, row.member_id, found)
            new = [each for each in found.values() if each.id not in known]
            for start in range(0, len(new), CHUNK):
                with self.bot.database.begin(workspace.org_id) as uow:
                    self._add(uow, workspace, row.member_id, new[start : start + CHUNK])

    def _known(self, uow: UnitOfWork, workspace: Workspace, member_id: int, found: dict[str, Contact]) -> set[str]:
        """Contacts that we know; those that the chat has no longer are ended."""
        who = {"org": uow.org_id, "workspace": workspace.id, "member": member_id}
        known, member = set(uow.session.scalars(_FOLLOWED, who)), members.get(uow, member_id)
        for external_id in sorted(known - set(found)):
            external_contacts.ended(
                uow, workspace_id=workspace.id, member=member, external_id=external_id, by="unknown"
            )
        return known

    def _add(self, uow: UnitOfWork, workspace: Workspace, member_id: int, new: Sequence[Contact]) -> None:
        member = members.get(uow, member_id)
        for contact in new:
            here: dict[str, Any] = {"workspace_id": workspace.id, "member": member}
            news = contact.since is not None and contact.since > uow.time() - NEWS
            external_contacts.met(uow, **here, external_id=contact.id, state=contact.state, ask=news)
            if not news:
                external_contacts.told(uow, **here, contact=contact, quiet=True)

    def _slack(self, workspace: Workspace) -> SlackDirectory:
        return cast("SlackPlatform", self.bot.platforms["slack"]).directory(workspace)

    def _directory(self, workspace: Workspace) -> Directory:
        return cast("WeCom", self.bot.platforms["wecom"]).directory(workspace)

    def _ask(self, order: queue.Order, tries: int, call: Callable[[], Any]) -> Any:
        """The answer; None when there is none, which is tried again a few times where that may help."""
        try:
            return call()
        except (Throttled, Unavailable) as exc:
            wait = exc.retry_after if isinstance(exc, Throttled) else min(2.0 ** (tries + 2), LONGEST_WAIT)
            cause = exc.cause
        except PlatformError as exc:
            log.info("contacts.not_told", task=order.task, cause=exc.cause)
            return None
        log.info("contacts.later", task=order.task, cause=cause)
        if tries < TRIES:
            args = {**order.args, "tries": tries + 1}
            with self.bot.database.begin(order.args["org_id"]) as uow:
                uow.defer(queue.Order(order.task, args, at=uow.time() + timedelta(seconds=wait)))
        return None


def _user(uow: UnitOfWork, workspace_id: int, member_id: int) -> str:
    linked = uow.session.execute(_LINKED, {"org": uow.org_id, "workspace": workspace_id})
    return next((row.external_id for row in linked if row.member_id == member_id), "")
