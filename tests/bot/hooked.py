"""A company that has subscribed to what happens: what its people do, and what becomes of the calls."""

from typing import Any

from sqlalchemy import text

from crm.models import Hook
from crm.services import follow_ups, hooks, leads, members
from crm.services.follow_ups import FollowUp
from crm.vault import Vault
from tests import build
from tests.promises.processes import until

VAULT = Vault(build.SECRET)


def subscribed(database, acme, receiver, *topics, who="ada", path="", **how: Any):
    with database.begin(acme.org_id) as uow:
        ada = members.get(uow, acme.member[who])
        made, secret = hooks.create(uow, VAULT, actor=ada, url=receiver.url + path, topics=topics, **how)
        uow.session.flush()
        return made.id, secret


def a_lead(database, acme, **how: Any):
    with database.begin(acme.org_id) as uow:
        return build.lead(uow, acme, **{"owner": "ann", "phone": None, **how})


def logs(database, acme, lead_id, words="called"):
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        lead = leads.access_id(uow, actor=ann, lead_id=lead_id)
        follow_ups.log(uow, actor=ann, lead=lead, said=FollowUp(note=words, outcome="reached"))


def rows(database, acme, statement, **args: Any):
    with database.begin(acme.org_id) as uow:
        return uow.session.execute(text(statement), {"o": acme.org_id, **args}).all()


def states(database, acme):
    return [row.state for row in rows(database, acme, "select state from hook_call where org_id = :o order by id")]


def work(database, acme, calls, *, most=1):
    """Plan what happened and call whoever is to be told, until so many calls are planned."""

    def planned():
        calls.plan(acme.org_id)
        return len(states(database, acme)) >= most

    until(planned)
    make_calls(database, acme, calls)


def make_calls(database, acme, calls):
    for row in rows(database, acme, "select id from hook where org_id = :o order by id"):
        calls.call(acme.org_id, row.id)


def read(database, acme, hook_id):
    with database.begin(acme.org_id) as uow:
        return uow.session.get_one(Hook, (acme.org_id, hook_id))


def jobs_of(database, acme, task):
    return rows(
        database, acme,
        "select scheduled_at from procrastinate_jobs where task_name = :t and (args ->> 'org_id')::bigint = :o"
        " and status = 'todo'",
        t=task,
    )  # fmt: skip
