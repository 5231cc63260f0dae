"""Installations are found by what is asked, and remembered for a few seconds."""

import pytest
from sqlalchemy import update

from bot.workspaces import Workspaces
from crm.db import Database
from crm.models import Workspace
from crm.vault import Vault
from tests import build


@pytest.fixture
def workspaces(database: Database) -> Workspaces:
    return Workspaces(database, Vault(build.SECRET))


def _locks_itself_out(database: Database, acme: build.Company) -> None:
    """Its secrets are sealed with a key that nobody has any more."""
    lost = Vault("a key that was thrown away").seal_all({"bot_token": "xoxb"})
    with database.begin() as uow:
        uow.session.execute(update(Workspace).where(Workspace.org_id == acme.org_id).values(secrets=lost))


def test_one_whose_secrets_cannot_be_read_hinders_nobody_else(database: Database, workspaces: Workspaces) -> None:
    broken, acme = build.company(database), build.company(database)
    _locks_itself_out(database, broken)
    found = workspaces.find("slack", f"T{acme.org_id:08d}")
    assert found
    assert (found.org_id, workspaces.by_id(found.id)) == (acme.org_id, found)
    assert workspaces.find("slack", f"T{broken.org_id:08d}") is None
    assert acme.org_id in {each.org_id for each in workspaces.all("slack")}


def test_a_company_and_an_app_narrow_down_and_nothing_named_is_everybody(
    database: Database, workspaces: Workspaces
) -> None:
    acme = build.company(database)
    company = f"ww{acme.org_id:016d}"
    ids = [
        [each.id for each in found]
        for found in (
            workspaces.of_company("wecom", company),
            workspaces.of_company("wecom", company, "1000002"),
            workspaces.of_company("wecom", company, f"{company}/1000002"),
            workspaces.of_company("wecom", company, "1000003"),
            workspaces.of_company("slack", company),
        )
    ]
    mine = [acme.workspace["wecom"]]
    assert ids == [mine, mine, mine, [], []]


def test_what_is_taken_down_is_gone_at_once_where_it_was_done(database: Database, workspaces: Workspaces) -> None:
    acme = build.company(database)
    name = f"T{acme.org_id:08d}"
    assert workspaces.find("slack", name)
    workspaces.uninstall(acme.workspace["slack"])
    assert workspaces.find("slack", name) is None
