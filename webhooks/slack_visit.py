"""One verified request of Slack on its way from the door through Bolt to its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.cards import fit
from bot.interaction import Interaction
from bot.platforms.base import Workspace
from webhooks.slack_payloads import Payload, ViewSubmission

ERROR = 2000


@dataclass
class Visit:
    """What came, the installation it belongs to (found by Bolt's authorization), and what it asks for."""

    payload: Payload
    workspace: Workspace | None = None
    asked: Interaction | None = None

    @property
    def place(self) -> Workspace:
        """The installation, which every listener can rely on."""
        assert self.workspace is not None
        return self.workspace

    def errors(self, errors: Mapping[str, str]) -> dict[str, Any]:
        """A submitted form's field errors; Slack takes them for fields on display only, so others move to the first."""
        assert isinstance(self.payload, ViewSubmission)
        shown = list(self.payload.view.state.values) if self.payload.view.state else []
        told: dict[str, list[str]] = {}
        for name, words in errors.items():
            told.setdefault(name if name in shown else next(iter(shown), name), []).append(words)
        return {
            "response_action": "errors",
            "errors": {name: fit.cut(" ".join(words), ERROR) for name, words in told.items()},
        }
