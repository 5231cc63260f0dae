"""Other systems in a company file: the parts that the organization does without, and who is called."""

from __future__ import annotations

from bot import outward
from bot.outward import Forbidden
from crm.errors import Refusal
from crm.models import Hook
from crm.rules.modules import MODULES
from crm.services import hooks, modules
from crm.settings import load
from crm.vault import Vault
from ops.company_file import CompanyFileError
from ops.company_spec import CompanyFile, HookPart
from ops.init_rows import Rows
from ops.init_workspaces import resolve


def systems(rows: Rows, vault: Vault, company: CompanyFile) -> dict[str, str]:
    """Switch what the file names, and make the hooks that are missing; returns their fresh secrets by address."""
    try:
        _modules(rows, company)
        return {part.url: secret for part in company.hooks if (secret := _hook(rows, vault, part))}
    except Refusal as exc:
        raise CompanyFileError(exc.message.format(**exc.data)) from None


def _modules(rows: Rows, company: CompanyFile) -> None:
    for name, on in company.modules.items():
        if (name in rows.uow.off) == on or name not in MODULES:
            modules.switch(rows.uow, actor=None, name=name, on=on)
            rows.changed["organization"] += 1


def _hook(rows: Rows, vault: Vault, part: HookPart) -> str:
    """The secret where a fresh one was made. Raises CompanyFileError."""
    try:
        outward.target(part.url, load().hooks_allow)
    except Forbidden:
        raise CompanyFileError(f"hooks: {part.url} cannot be called: give a public address with https.") from None
    known = next((hook for hook in hooks.listing(rows.uow) if hook.url == part.url), None)
    if known is not None:
        _topics(rows, known, part)
        return ""
    secret = resolve(part.secret) if part.secret else None
    _made, chosen = hooks.create(rows.uow, vault, actor=None, url=part.url, topics=part.topics, secret=secret)
    rows.added["hook"] += 1
    return "" if part.secret else chosen


def _topics(rows: Rows, hook: Hook, part: HookPart) -> None:
    if sorted(hook.topics) != sorted(part.topics or [hooks.EVERYTHING]):
        hooks.set_topics(rows.uow, actor=None, hook=hook, topics=part.topics)
        rows.changed["hook"] += 1
