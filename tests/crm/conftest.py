"""A company, a transaction in it, and its admin."""

from collections.abc import Iterator

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from crm.rules.access import Actor
from crm.services import members
from crm.uow import UnitOfWork
from tests import build


@pytest.fixture
def acme(database: Database, time: DrivenClock) -> build.Company:
    return build.company(database)


@pytest.fixture
def uow(database: Database, acme: build.Company) -> Iterator[UnitOfWork]:
    with database.begin(acme.org_id) as uow:
        yield uow


@pytest.fixture
def ada(uow: UnitOfWork, acme: build.Company) -> Actor:
    return members.get(uow, acme.member["ada"])
