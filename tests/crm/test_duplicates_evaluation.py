"""How well duplicates are found: people whose truth is known, in both languages, through the real search."""

from sqlalchemy import text

from crm.rules import sound
from crm.rules.ruleset import Rules
from crm.services import duplicates
from tests import build
from tests.alike import People

PERSONS = text(
    """
    insert into person (org_id, name, sound, company, title, note, created_at)
    select :o, p.name, p.sound, p.company, '', '', :now
    from unnest(cast(:names as text[]), cast(:sounds as text[]), cast(:companies as text[]))
        with ordinality as p(name, sound, company, at) order by p.at returning id
    """
)
KEYS = text(
    "insert into person_key (org_id, person_id, kind, value) select :o, k.* from"
    " unnest(cast(:persons as bigint[]), cast(:kinds as text[]), cast(:values as text[])) as k(person, kind, value)"
    " on conflict do nothing"
)


def stored(uow, written):
    """The ids of these records."""
    names = [one.facts.name for one in written]
    made = {
        "names": names,
        "sounds": [sound.of_name(name) for name in names],
        "companies": [one.facts.company for one in written],
    }
    ids = list(uow.session.scalars(PERSONS, {"o": uow.org_id, "now": uow.now} | made))
    keys = [(number, *key) for number, one in zip(ids, written, strict=True) for key in one.facts.keys]
    persons, kinds, values = (list(each) for each in zip(*keys, strict=True))
    uow.session.execute(KEYS, {"o": uow.org_id, "persons": persons, "kinds": kinds, "values": values})
    return ids


def test_most_duplicates_are_found_and_hardly_anybody_is_taken_for_another(database, time):
    acme = build.company(database)
    people = People(seed=7, many=120).written
    with database.begin(acme.org_id) as uow:
        ids = stored(uow, people)
        truth = dict(zip(ids, (one.truth for one in people), strict=True))
        found = {
            (one.id, other.person_id)
            for one in duplicates.facts(uow, ids)
            for other in duplicates.near(uow, one, least=Rules().dedupe.ask, most=20)
        }
    wanted = {(one, other) for one in ids for other in ids if one != other and truth[one] == truth[other]}
    right = found & wanted
    precision, recall = len(right) / len(found), len(right) / len(wanted)
    print(f"{len(people)} records, {len(wanted)} pairs: precision {precision:.3f}, recall {recall:.3f}")
    assert (precision >= 0.98, recall >= 0.85) == (True, True)
