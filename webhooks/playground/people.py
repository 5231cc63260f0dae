"""Who one can be in the playground, and which groups there are to talk in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from bot.platforms.base import Workspace
from crm.uow import UnitOfWork

_PERSONAS = text(
    """
    select i.external_id as id, m.name, m.role, d.name as team,
           coalesce(m.locale, d.locale, o.locale) as locale,
           coalesce(m.timezone, d.timezone, o.timezone) as timezone
    from chat_identity i
    join member m on m.org_id = i.org_id and m.id = i.member_id
    join organization o on o.id = m.org_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    where i.org_id = :org and i.workspace_id = :workspace and m.active
    order by array_position(array['rep', 'manager', 'admin'], m.role) nulls last, d.path nulls last, m.id
    """
)
_GROUPS = text(
    """
    select c.external_id as key, c.name, coalesce(d.name, p.name) as about
    from conversation c
    left join department d on d.org_id = c.org_id and d.id = c.department_id
    left join pool p on p.org_id = c.org_id and p.id = c.pool_id
    where c.org_id = :org and c.workspace_id = :workspace
    union all
    select distinct substr(said.conversation, 7), substr(said.conversation, 7), null
    from playground_message said
    where said.org_id = :org and said.conversation like 'group:%' and not exists (
        select from conversation c where c.org_id = :org and c.workspace_id = :workspace
        and c.external_id = substr(said.conversation, 7))
    order by 2, 1
    """
)


def listed(uow: UnitOfWork, workspace: Workspace) -> dict[str, Any]:
    """The people and groups of the playground as the page shows them."""
    args = {"org": uow.org_id, "workspace": workspace.id}
    return {
        "name": workspace.name,
        "personas": [dict(row) for row in uow.session.execute(_PERSONAS, args).mappings()],
        "groups": [dict(row) for row in uow.session.execute(_GROUPS, args).mappings()],
    }
