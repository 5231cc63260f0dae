"""The chat installations of a company file; secrets come from the environment where the file says `env:NAME`."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import select

from crm.models import Workspace
from crm.services import conversations
from crm.vault import Vault
from ops.company_file import CompanyFileError
from ops.company_spec import CompanyFile, SlackPart, WecomPart
from ops.init_rows import Rows

PLAYGROUND = "playground"


def workspaces(rows: Rows, vault: Vault, company: CompanyFile) -> dict[str, int]:
    """Installations by platform."""
    wanted, made = company.workspaces, dict[str, int]()
    if wanted.slack:
        made["slack"] = _slack(rows, vault, wanted.slack, company.organization.name)
    if wanted.wecom:
        made["wecom"] = _wecom(rows, vault, wanted.wecom, company.organization.name)
    if wanted.playground:
        made["playground"] = _put(rows, vault, "playground", PLAYGROUND, wanted.playground.name, {}, {})
    return made


def _slack(rows: Rows, vault: Vault, part: SlackPart, name: str) -> int:
    return _put(rows, vault, "slack", part.team, part.name or name, {"bot_token": resolve(part.bot_token)}, {})


def _wecom(rows: Rows, vault: Vault, part: WecomPart, name: str) -> int:
    secrets = {key: resolve(getattr(part, key)) for key in ("secret", "token", "aes_key")}
    config = {"corp_id": resolve(part.corp_id), "agent_id": resolve(part.agent_id)}
    return _put(rows, vault, "wecom", "{corp_id}/{agent_id}".format(**config), part.name or name, secrets, config)


def resolve(given: str) -> str:
    """The value, or the one of the environment variable it names."""
    if not given.startswith("env:"):
        return given
    name = given.removeprefix("env:")
    if name not in os.environ:
        raise CompanyFileError(f"The company file takes a secret from {name}, which is not set.")
    return os.environ[name]


def _put(
    rows: Rows,
    vault: Vault,
    platform: str,
    external_id: str,
    name: str,
    secrets: dict[str, str],
    config: dict[str, Any],
) -> int:
    """Workspaces are outside row security: another organization's is seen, and refused."""
    where = (Workspace.platform == platform, Workspace.external_id == external_id)
    found = rows.uow.session.execute(select(Workspace.org_id, Workspace.secrets).where(*where)).one_or_none()
    if found and found.org_id != rows.uow.org_id:
        raise CompanyFileError(f"The {platform} installation {external_id} belongs to another organization.")
    known = vault.open_all(found.secrets) if found else {}
    robots = {key: value for key, value in known.items() if key.startswith(conversations.SEALED)}
    values: dict[str, Any] = {"name": name, "config": config}
    if found is None or known != robots | secrets:
        values["secrets"] = vault.seal_all(robots | secrets)
    match = {"platform": platform, "external_id": external_id}
    return rows.put(Workspace, match, values, created_at=rows.uow.now)
