"""P22: a backup made while people work can be restored, and what comes back is whole and goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import create_engine, text
from typer.testing import Result

from crm.db import Database
from crm.errors import Refusal
from crm.models import Source
from crm.rules.arrival import Arrival
from crm.services import assignments, erasing, intake, leads, members, reerasing
from crm.uow import UnitOfWork
from crm.vault import Vault
from ops import invariants, manifest, restore
from ops.backup import backup
from ops.errors import StartError
from ops.sockets import Sockets
from tests import build, command_line
from tests.rounds import rounds

Made = tuple[build.Company, Database]
REPS = ("ann", "bob", "cyd", "dan")


@pytest.fixture
def fresh(engines: Sockets, worker_id: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases."""
    names: list[str] = []

    def make() -> str:
        names.append(f"backup_{worker_id}_{len(names)}")
        return engines.create_database(names[-1])

    yield make
    for name in names:
        engines.drop_database(name)


@pytest.fixture
def company(own_url: str) -> Iterator[tuple[build.Company, Database]]:
    """A company in the file's own database; those of former tests belong to what is saved."""
    database = Database(own_url, pool_size=6, statement_timeout_ms=20_000, vault=Vault(build.SECRET))
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        for _ in range(40):
            build.lead(uow, acme)
    yield acme, database
    database.close()


@contextmanager
def work_going_on(acme: build.Company, database: Database) -> Iterator[list[Future[int]]]:
    """Reps claim, give back, and new leads come in, until the block ends."""
    done = Event()

    def one(place: int) -> int:
        turn = 0
        while not done.is_set():
            turn += 1
            try:
                with database.begin(acme.org_id) as uow:
                    step(uow, acme, place, turn)
            except Refusal:
                continue
        return turn

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(one, place) for place in range(4)]
        try:
            yield running
        finally:
            done.set()


def step(uow: UnitOfWork, acme: build.Company, place: int, turn: int) -> None:
    actor = members.get(uow, acme.member[REPS[place]])
    held = uow.session.scalars(
        text("select number from lead where org_id = :o and owner_id = :m limit 1"), {"o": uow.org_id, "m": actor.id}
    ).all()
    if held and turn % 3 == 0:
        lead = leads.access(uow, actor=actor, ref=f"L-{held[0]}")
        assignments.release(uow, actor=actor, lead=lead, reason="not my region")
    elif turn % 3 == 1:
        source = uow.session.get_one(Source, (uow.org_id, acme.source_id))
        phone = f"138{place}{turn:07d}"
        intake.take_in(uow, source=source, arrival=Arrival(name=f"Lead {phone}", phone=phone))
    else:
        assignments.claim_best(uow, actor=actor)


def counted(url: str, question: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = int(connection.scalar(text(question)))
    engine.dispose()
    return found


@pytest.mark.parametrize("turn", range(rounds(short=1, full=10)))
def test_a_backup_under_load_comes_back_whole_and_goes_on(
    company: Made, fresh: Callable[[], str], tmp_path: Path, turn: int
) -> None:
    acme, database = company
    with work_going_on(acme, database) as running:
        made = backup(database.url, tmp_path / "acme.sluice")
    assert min(each.result() for each in running) > 0
    target = fresh()
    done = restore.restore(target, tmp_path / "acme.sluice")
    assert (done.missing, done.broken) == ({}, {})
    assert counted(target, "select count(*) from lead") == made.tables["lead"] >= 40
    again = Database(target, pool_size=2, vault=Vault(build.SECRET))
    with again.begin(acme.org_id) as uow:
        new = build.lead(uow, acme)
        assert build.read(uow, new).number > made.tables["lead"]
        step(uow, acme, 0, 2)
    again.close()


def test_invariants_find_what_is_broken(company: Made) -> None:
    acme, database = company
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann")
        build.lead(uow, acme, owner="bob")
        uow.session.execute(text("update lead set owner_id = null where id = :l"), {"l": lead})
        uow.session.execute(text("update rep_load set holding = 7 where member_id = :m"), {"m": acme.member["dan"]})
        uow.session.execute(text("update lead set number = 1000000 where id = :l"), {"l": lead})
        found = invariants.broken(uow.session.connection())
        uow.session.rollback()
    assert found == {
        "an open lead's owner is whom its open assignment names": 1,
        "everybody holds what the ledger says": 2,
        "no lead's number will be given again": 1,
    }


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, *words: str) -> Result:
    command_line.settle(monkeypatch, tmp_path, url)
    return command_line.sluice(words)


def test_who_was_erased_since_is_erased_again(
    company: Made, fresh: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, database = company
    file, erased, target = tmp_path / "acme.sluice", tmp_path / "erased.json", fresh()
    assert str(file) in run(monkeypatch, tmp_path, database.url, "backup", str(file)).stdout
    with database.begin(acme.org_id) as uow:
        person = uow.session.scalar(text("select min(person_id) from lead where org_id = :o"), {"o": acme.org_id})
        erasing.erase(uow, person, by=acme.member["ada"], basis="request")
    with database.begin(acme.org_id) as uow:
        erased.write_text(json.dumps(reerasing.listing(uow)))
        known = uow.session.scalar(text("select data->>'sha256' from audit where verb = 'backup.made'"))
    assert known == manifest.read(file).sha256
    done = run(monkeypatch, tmp_path, target, "restore", str(file), "--erased", str(erased))
    assert done.exit_code == 0
    assert "consistent. 1 customers were erased again. Next: start" in done.stdout
    assert counted(target, "select count(*) from person where erased_at is not null") == 1


def test_a_list_that_is_none_is_told_before_anything_changes(
    fresh: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "erased.json").write_text("[]")
    words = ("restore", str(tmp_path / "none"), "--erased", str(tmp_path / "erased.json"))
    done = run(monkeypatch, tmp_path, fresh(), *words)
    assert (done.exit_code, "sluice privacy list" in done.stderr) == (2, True)


def test_what_cannot_be_restored_says_why_and_changes_nothing(
    company: Made, fresh: Callable[[], str], tmp_path: Path
) -> None:
    _acme, database = company
    file, target = tmp_path / "acme.sluice", fresh()
    made = backup(database.url, file)
    with pytest.raises(StartError, match="overwrites nothing"):
        backup(database.url, file)
    with pytest.raises(StartError, match="not empty"):
        restore.restore(database.url, file)
    beside = manifest.beside(file)
    beside.write_text(made.model_copy(update={"revision": "9999"}).model_dump_json())
    with pytest.raises(StartError, match="newer Sluice"):
        restore.restore(target, file)
    beside.write_text(made.model_copy(update={"owner": "nobody_here"}).model_dump_json())
    with pytest.raises(StartError, match="create role nobody_here"):
        restore.restore(target, file)
    beside.write_text(made.model_copy(update={"sha256": "0" * 64}).model_dump_json())
    with pytest.raises(StartError, match="checksum"):
        restore.restore(target, file)
    beside.unlink()
    with pytest.raises(StartError, match="manifest may be half"):
        restore.restore(target, file)
    assert counted(target, "select count(*) from pg_class where relname = 'lead'") == 0


def test_only_the_owner_can_make_a_backup(company: Made, engines: Sockets, tmp_path: Path) -> None:
    _acme, database = company
    name = database.url.partition("?")[0].rpartition("/")[2]
    with engines.connect() as connection:
        connection.execute("drop role if exists sluice_clerk")
        connection.execute("create role sluice_clerk login in role sluice_app")
    with pytest.raises(StartError, match="needs the owner"):
        backup(engines.url_of(name, user="sluice_clerk"), tmp_path / "acme.sluice")
    assert list(tmp_path.iterdir()) == []
