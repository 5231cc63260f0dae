"""P31: what must be answered for is written down, can only be added to, and shows whatever is done to it."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from crm import jobs
from crm.rules import periods
from crm.services import admins, audit, audit_chain, leads, members, reveals, rules_admin, sources
from crm.services.audit_chain import Finding, read_head
from crm.vault import Vault
from tests import build

INJECTED = (
    "line\nbreak", 'quote " } , {"verb":"role.changed"}', "\x1b[2J\x1b[31mred", "\u202egnp.exe",
    "%s %n {0} ${jndi:ldap}",
    "<script>alert(1)</script>", "=HYPERLINK(1)", "\r\nHTTP/1.1 200 OK", "\u2028\u2029", "' or 1=1 --",
)  # fmt: skip


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def owner(migrated_url):
    """Somebody who has got hold of the database itself: no role of the application holds them back."""
    engine = create_engine(migrated_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def written(database, acme, many=6):
    with database.begin(acme.org_id) as uow:
        for number in range(many):
            audit.write(uow, "role.changed", by=acme.member["ada"], subject=f"member:{number}", data={"number": number})
    sealed(database, acme)


def sealed(database, acme):
    with database.begin(acme.org_id) as uow:
        return audit_chain.seal_due(uow)


def checked(database, acme, since=None):
    with database.begin(acme.org_id) as uow:
        return audit_chain.verify(uow, since=since)


def test_what_nobody_touched_is_whole_and_goes_on(database, acme):
    written(database, acme)
    written(database, acme, many=2)
    found = checked(database, acme)
    assert (found.entries, found.head.position, found.findings) == (8, 8, ())
    assert checked(database, acme, since=read_head(str(found.head))).findings == ()


TAMPERED = {
    "deleted": ("delete from audit where org_id = :org and id = :third", Finding("deleted", 3)),
    "edited": ("update audit set data = '{}' where org_id = :org and id = :third", Finding("changed", 3)),
    "another did it": ("update audit set actor_id = null where org_id = :org and id = :third", Finding("changed", 3)),
    "dated back": (
        "update audit set at = at - interval '1 hour' where org_id = :org and id = :third", Finding("changed", 3),
    ),
    "deleted with its seal": (
        ("with a as (delete from audit where org_id = :org and id = :third)"
        " delete from audit_seal where org_id = :org and audit_id = :third"),
        Finding("gap", 3),
    ),
    "cut off": (
        ("with a as (delete from audit where org_id = :org and id > :third)"
        " delete from audit_seal where org_id = :org and position > 3"),
        Finding("cut", 3),
    ),
    "cut off with the end moved": (
        ("with a as (delete from audit_seal where org_id = :org and position > 3)"
        " update audit_head h set position = 3, digest = s.digest from audit_seal s"
        " where h.org_id = :org and s.org_id = :org and s.position = 3"),
        Finding("head", 3),
    ),
    "all gone": ("delete from audit_head where org_id = :org", Finding("cut", 0)),
    "forged": (
        ("insert into audit_seal (org_id, position, audit_id, digest)"
        " select org_id, 7, id, repeat('ab', 32) from audit where org_id = :org and id = :forged"),
        Finding("changed", 7),
    ),
}  # fmt: skip


@pytest.mark.parametrize("done", TAMPERED)
def test_whatever_is_done_to_it_is_found(database, acme, owner, done):
    written(database, acme)
    with database.begin(acme.org_id) as uow:
        audit.write(uow, "role.changed", by=None, subject="member:1")
    ids = owner.scalars(text("select id from audit where org_id = :org order by id"), {"org": acme.org_id}).all()
    statement, expected = TAMPERED[done]
    owner.execute(text(statement), {"org": acme.org_id, "third": ids[2], "forged": ids[6]})
    owner.commit()
    assert expected in checked(database, acme).findings


def test_two_that_change_places_are_found(database, acme, owner):
    written(database, acme)
    swap = (
        "update audit_seal s set audit_id = -o.audit_id from audit_seal o where s.org_id = :org and o.org_id = :org"
        " and s.position in (2, 4) and o.position = 6 - s.position"
    )
    owner.execute(text(swap), {"org": acme.org_id})
    owner.execute(
        text("update audit_seal set audit_id = -audit_id where org_id = :org and audit_id < 0"), {"org": acme.org_id}
    )
    owner.commit()
    assert {Finding("changed", 2), Finding("changed", 4)} <= set(checked(database, acme).findings)


def test_an_older_end_put_back_is_found_by_one_that_was_kept_elsewhere(database, acme, owner):
    written(database, acme, many=3)
    kept = owner.execute(text("select * from audit_head where org_id = :org"), {"org": acme.org_id}).mappings().one()
    written(database, acme, many=3)
    later = checked(database, acme).head
    args = {"org": acme.org_id} | {name: kept[name] for name in ("last_id", "digest", "signature")}
    owner.execute(text("delete from audit_seal where org_id = :org and position > 3"), args)
    owner.execute(text("delete from audit where org_id = :org and id > :last_id"), args)
    owner.execute(
        text(
            "update audit_head set position = 3, last_id = :last_id, digest = :digest, signature = :signature"
            " where org_id = :org"
        ),
        args,
    )
    owner.commit()
    assert checked(database, acme).findings == ()
    assert checked(database, acme, since=later).findings == (Finding("cut", 3),)


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set verb = 'nothing'", "delete from audit", "truncate audit", "delete from audit_seal",
        "update audit_seal set digest = ''", "delete from erasure", "update erasure set counts = '{}'",
    ],
)  # fmt: skip
def test_the_application_itself_can_only_add_to_it(database, acme, statement):
    written(database, acme)
    with pytest.raises(ProgrammingError, match="permission denied"), database.begin(acme.org_id) as uow:
        uow.session.execute(text(statement))


def test_a_late_one_gets_its_place_behind_those_that_were_sealed_before(database, acme):
    with database.begin(acme.org_id) as late:
        audit.write(late, "role.changed", by=None, subject="member:1")
        written(database, acme, many=2)
    written(database, acme, many=1)
    found = checked(database, acme)
    assert (found.entries, found.findings) == (4, ())


def test_the_minute_s_work_seals_what_came_in(database, acme):
    with database.begin(acme.org_id) as uow:
        audit.write(uow, "role.changed", by=None, subject="member:1")
    with database.begin() as uow:
        assert acme.org_id in uow.session.scalars(text("select org_id from sluice_due(:now)"), {"now": uow.now}).all()
    assert jobs.seal in jobs.DUTIES
    jobs.seal(database, acme.org_id)
    assert checked(database, acme).entries == 1


def test_what_is_older_than_three_years_may_go_and_the_rest_stays_whole(database, acme, time):
    time.advance(days=-5 * 365)
    written(database, acme, many=4)
    time.advance(days=5 * 365)
    written(database, acme, many=3)
    with database.begin(acme.org_id) as uow:
        assert audit_chain.purge(uow, uow.now, most=100) == 4
    found = checked(database, acme)
    assert (found.entries, found.purged, found.findings) == (3, 4, ())


def test_admins_deeds_are_in_it(database, acme):
    vault = Vault(build.SECRET)
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, phone="+8613800001111")
        ada, bob = members.get(uow, acme.member["ada"]), members.get(uow, acme.member["bob"])
        members.make_admin(uow, ada, bob)
        admins.remove(uow, actor=ada, member=members.get(uow, bob.id))
        rules_admin.apply(uow, written="claim: {reveals_per_day: 3}", actor=ada)
        made = sources.create(uow, vault, actor=ada, name="Fair")
        sources.rotate(uow, vault, actor=ada, key=made.source.key)
        sources.set_enabled(uow, actor=ada, key=made.source.key, enabled=False)
        reveals.reveal(uow, actor=members.get(uow, acme.member["ann"]), ref=f"L-{leads.number_of(uow, lead)}")
        verbs = uow.session.scalars(text("select verb from audit order by id")).all()
    assert verbs == [
        "role.changed", "role.changed", "rules.applied", "source.made", "source.key_changed", "source.closed",
        "contact.revealed",
    ]  # fmt: skip


@pytest.mark.parametrize("words", INJECTED)
def test_whatever_is_written_stays_one_entry_and_one_inert_row(database, acme, words):
    with database.begin(acme.org_id) as uow:
        audit.write(uow, "source.made", by=None, subject=words, data={"key": words})
    sealed(database, acme)
    with database.begin(acme.org_id) as uow:
        (row,) = audit.rows(uow, periods.parse("7d", uow.now, members.get(uow, acme.member["ada"]).timezone))
    assert row[5].lstrip("'") == words.lstrip("'")
    assert not row[5].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert checked(database, acme).findings == ()
