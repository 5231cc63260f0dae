"""The key of the installation is changed while all goes on: every sealed column is sealed anew, and nothing is lost."""

from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, text

import ops.migrate  # noqa: F401  (all tables belong to the metadata)
from crm.models import Base
from crm.rules import periods
from crm.services import audit, audit_chain, downloads, keyring, members, rotating, sources, suppressing, tickets
from crm.services.rotating import SEALED
from crm.vault import Vault, VaultError
from tests import build

NEW = "a newer secret key than the other"
BOTH = Vault(f"{NEW}, {build.SECRET}")
# Bytes that are no secrets: files.
FILES = {"attachment.content", "playground_file.content"}


@pytest.fixture
def acme(database, time):
    return build.company(database)


def turned(database, acme, vault=BOTH, *, dry=False):
    """What became of this company's secrets; those of chat installations are everybody's."""
    with database.begin(acme.org_id) as uow:
        done = {f"{one.table}.{one.column}": rotating.turn(uow, vault, one, dry=dry) for one in SEALED if not one.apart}
        return {name: (each.anew, each.lost) for name, each in done.items() if each != rotating.Turned()}


def test_every_column_of_bytes_is_a_secret_that_is_turned_or_a_file():
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert columns == FILES | {f"{one.table}.{one.column}" for one in SEALED}, (
        "a new column of bytes: name it in SEALED of crm/services/rotating.py if it is sealed, else in FILES here"
    )


def test_it_is_done_once_and_the_new_key_alone_opens_everything(database, acme):
    with database.begin(acme.org_id) as uow:
        key = keyring.key(uow, "audit")
    assert turned(database, acme, dry=True) == {"source.secret": (1, 0), "sealed_key.sealed": (1, 0)}
    assert turned(database, acme) == {"source.secret": (1, 0), "sealed_key.sealed": (1, 0)}
    assert turned(database, acme) == {}
    alone = Vault(NEW)
    with database.begin(acme.org_id) as uow:
        uow.vault = alone
        assert sources.valid_keys(uow, alone, sources.get(uow, acme.source_id)) == ["web-key"]
        assert keyring.key(uow, "audit") == key


def test_without_the_former_key_nothing_is_changed_and_it_is_said(database, acme):
    assert turned(database, acme, Vault(NEW)) == {"source.secret": (0, 1)}
    with database.begin(acme.org_id) as uow:
        assert sources.valid_keys(uow, Vault(build.SECRET), sources.get(uow, acme.source_id)) == ["web-key"]


def test_a_secret_that_was_given_anew_meanwhile_stays(database, acme, monkeypatch):
    written = BOTH.seal("newer")

    def meanwhile(sealed):
        with database.begin(acme.org_id) as other:
            other.session.execute(
                text("update source set secret = :s where org_id = :o"), {"s": written, "o": acme.org_id}
            )
        return Vault.seal_anew(BOTH, sealed)

    vault = Vault(f"{NEW}, {build.SECRET}")
    monkeypatch.setattr(vault, "seal_anew", meanwhile)
    turned(database, acme, vault)
    with database.begin(acme.org_id) as uow:
        assert sources.valid_keys(uow, BOTH, sources.get(uow, acme.source_id)) == ["newer"]


def test_chains_fingerprints_and_links_of_before_hold(database, acme, time):
    with database.begin(acme.org_id) as uow:
        audit.write(uow, "role.changed", by=None, subject="member:1")
        audit_chain.seal_due(uow)
        suppressing.keep(uow, [("phone", "+8613800001111")], 1)
        ada = members.get(uow, acme.member["ada"])
        link = downloads.issue(
            Vault(build.SECRET), actor=ada, period=periods.parse("7d", uow.now, ada.timezone), now=uow.now
        )
    turned(database, acme)
    with database.begin(acme.org_id) as uow:
        uow.vault = Vault(NEW)
        assert audit_chain.verify(uow).findings == ()
        assert suppressing.among(uow, [("phone", "+8613800001111")])
    assert downloads.read(BOTH, link)[1].until == time() + tickets.GOOD_FOR
    assert timedelta(hours=1) > tickets.GOOD_FOR


@pytest.mark.parametrize("keys", [f"{NEW},{build.SECRET}", f" {NEW} , {build.SECRET} ,"])
def test_a_list_of_keys_reads_with_all_and_writes_with_the_first(keys):
    vault = Vault(keys)
    assert vault.open(Vault(build.SECRET).seal("x")) == "x"
    assert Vault(NEW).open(vault.seal("x")) == "x"
    assert (vault.is_newest(vault.seal("x")), vault.is_newest(Vault(build.SECRET).seal("x"))) == (True, False)
    with pytest.raises(VaultError):
        vault.seal_anew(b"no secret of ours")
