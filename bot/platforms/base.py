"""What every chat platform gives: render, send, update, open a form; and how it can fail.

Adapters never decide and never touch the database: the delivery job (`bot/deliver.py`) hands them a workspace and an
address, and acts on the error they raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bot.cards.model import Card, Form
from bot.interaction import Interaction

MAX_FILE = 10 * 1024 * 1024
"""Bytes of a file that is fetched: a photo or some minutes of voice; adapters read no further."""

AddressKind = Literal["person", "channel", "appchat", "robot", "group", "answer"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """One chat installation, with its secrets in the clear; lives in memory only."""

    id: int
    org_id: int
    platform: str
    external_id: str
    name: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a card goes: a person's private chat, a Slack channel, a WeCom appchat or robot, a playground group.

    `answer` is a late answer to an interaction: `external_id` is its `reply_to`.
    """

    kind: AddressKind
    external_id: str


Handle = Mapping[str, Any]


class Platform(Protocol):
    """One chat platform. Calls are synchronous, have a time-out of at most 10 s and are safe to share by threads."""

    name: str

    def render(self, card: Card) -> dict[str, Any]:
        """The platform's own JSON for a card, within all of its limits; never fails on any valid card."""
        ...

    def cost(self, card: Card) -> int:
        """How many messages a card takes in a private chat, as the platform's own limits count."""
        ...

    def answers_inline(self, interaction: Interaction, *, in_place: bool) -> bool:
        """Whether the answer to this interaction fits into the HTTP response; else it goes out as a job.

        `in_place` says that the answer takes the place of the tapped card.
        """
        ...

    def has_dialog_for(self, interaction: Interaction) -> bool:
        """Whether a card can be shown in a dialog in answer to this interaction."""
        ...

    def send(self, workspace: Workspace, to: Address, card: Card, *, key: str) -> Handle:
        """Post a card. `key` (stable for one message, also over retries) serves platforms that can refuse doubles.

        Returns: the handle by which the card can be updated later ({} when it cannot).
        Raises: PlatformError and its subclasses.
        """
        ...

    def update(self, workspace: Workspace, handle: Handle, card: Card) -> Handle:
        """Edit a posted card in place; returns the handle to use next time. Raises CardGone when it cannot be done."""
        ...

    def open_form(self, workspace: Workspace, trigger: str, form: Form) -> None:
        """Open a dialog for the person behind the trigger. Raises TriggerExpired when it is too late."""
        ...

    def typed_answers(self, form: Form, text: str) -> Mapping[str, str] | None:
        """The answers of a form in a line that the person typed; None where forms are dialogs."""
        ...

    def fetch_file(self, workspace: Workspace, handle: Handle) -> bytes:
        """The bytes of a file that somebody sent (`Interaction.files`), at most `MAX_FILE`.

        Raises: Rejected when it is gone or too big, Throttled, Unavailable.
        """
        ...


AGAIN = "#again"
"""Ends the key of a message that is sent anew because nobody knows whether it arrived."""


class PlatformError(Exception):
    """A call to a platform failed. `cause` is short, free of secrets and personal text, and searchable."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Throttled(PlatformError):
    """Too fast (429, 45009): try again after `retry_after` seconds; nothing was posted."""

    def __init__(self, cause: str, *, retry_after: float) -> None:
        super().__init__(cause)
        self.retry_after = retry_after


class Unavailable(PlatformError):
    """5xx, -1, refused connection: try again with back-off; nothing was posted."""


class OutcomeUnknown(Unavailable):
    """Timed out or cut off after the request had gone out: it may have been posted."""


class Rejected(PlatformError):
    """The platform will never take this message (bad blocks, missing scope): permanent."""


class RecipientGone(Rejected):
    """The person or channel is away: deactivated, not joined, archived, outside visibility, robot removed."""


class CardGone(Rejected):
    """The card cannot be edited any more (deleted, response code used or expired): post a fresh one."""


class TriggerExpired(Rejected):
    """The form came too late: ask the person to tap again."""


class InstallationDead(Rejected):
    """The workspace's credentials are refused: stop its queue and tell an admin."""
