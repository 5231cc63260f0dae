"""The builder that the other tests stand on."""

from tests import build


def test_a_built_company_has_people_pools_and_leads(database, time):
    acme = build.company(database, rules="{}")
    with database.begin(acme.org_id) as uow:
        pooled = build.lead(uow, acme)
        owned = build.lead(uow, acme, owner="ann")
        build.group(uow, acme, "slack", pool="open")
        build.task(uow, acme, "ann", due_at=uow.now, lead_id=owned)
    with database.begin(acme.org_id) as uow:
        assert build.read(uow, pooled).pool_id == acme.pool["open"]
        assert build.read(uow, owned).owner_id == acme.member["ann"]
