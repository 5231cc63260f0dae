"""Leads of a former system come in as they were left: owner, stage, end and history, with clocks that begin now."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from crm.rules import past, sheet_row
from crm.rules.past import Ways
from crm.rules.sheet_row import Reading
from crm.services import file_import, recycling, switching
from tests import build

RULES = """
claim: {capacity: {default: 1}}
recycle: [{name: silent, no_follow_up: 7d}, {name: untouched, no_first_contact: 1d}]
"""
HEADER = [
    "name", "phone", "owner", "stage", "created", "last contact", "closed", "lost reason", "follow-up 1 at",
    "follow-up 1 text",
]  # fmt: skip
FIELDS = ["name", "phone", "owner", "stage", "created_at", "followed_up_at", "closed_at", "lost_reason",
          "activity_at:1", "activity:1"]  # fmt: skip


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


@pytest.fixture
def bring(database, acme):
    """Take rows in as a switch-over; what `file_import.take` says."""

    def take(*rows, strangers="reject"):
        with database.begin(acme.org_id) as uow:
            ways = Ways({"new": "new", "quote": "quote"}, "Asia/Shanghai", uow.now)
            owners = file_import.owners(uow)
            reading = Reading(HEADER, dict(enumerate(FIELDS)), "CN", "file", {}, owners, strangers, ways)
            read = [sheet_row.read(reading, line, row.split("|")) for line, row in enumerate(rows, start=2)]
            job = file_import.begin(uow, name="old.csv", digest=str(rows))
            return file_import.take(uow, read, job_id=job.id, source=None)

    return take


def read(database, acme, words):
    with database.begin(acme.org_id) as uow:
        return [tuple(row) for row in uow.session.execute(text(words))]


OLD = "Lu Wei|13800138000|ann li|quote|2025-06-01|2025-12-24 10:00|||2025-12-24 10:00|asked for a price"


def test_owner_stage_and_dates_are_as_they_were(database, acme, bring):
    assert bring(OLD).created == 1
    [lead] = read(database, acme, "select owner_id, stage, status, created_at, followed_up_at, contacted_at from lead")
    contact = datetime(2025, 12, 24, 2, tzinfo=UTC)
    assert lead == (acme.member["ann"], "quote", "open", datetime(2025, 5, 31, 16, tzinfo=UTC), contact, contact)


def test_the_history_stands_in_the_timeline_at_its_dates(database, acme, bring):
    bring(OLD)
    told = read(database, acme, "select verb, at, words, actor_id from activity order by at, id")
    contact = datetime(2025, 12, 24, 2, tzinfo=UTC)
    assert told[0][:2] == ("created", datetime(2025, 5, 31, 16, tzinfo=UTC))
    assert told[1] == ("logged", contact, "asked for a price", acme.member["ann"])
    assert told[2][:2] == ("stage", contact)


def test_no_old_date_takes_a_lead_back_on_the_first_day(database, acme, bring, time):
    bring(OLD, "Wu|13900139000|bob@acme.example|new|2024-01-01|||||")
    begun = time()
    ends = dict(read(database, acme, "select p.name, l.recycle_at from lead l join person p on p.id = l.person_id"))
    assert ends["Lu Wei"] == begun + timedelta(days=7)
    assert ends["Wu"] >= begun + timedelta(days=1)
    time.advance(hours=20)
    assert recycling.sweep(database, acme.org_id) == 0
    time.advance(days=7)
    assert recycling.sweep(database, acme.org_id) == 2


def test_who_is_beyond_the_first_stage_has_been_spoken_to(database, acme, bring):
    bring("Lu|13800138000|ann li|quote|2025-06-01|||||", "Wu|13900139000|ann li|new|2025-06-01|||||")
    rules = read(database, acme, "select recycle_rule, contacted_at is not null from lead order by number")
    assert rules == [("silent", True), ("untouched", False)]


def test_what_has_ended_is_counted_nowhere_and_credited(database, acme, bring):
    bring("Lu|13800138000|ann li|Won|2025-01-01||2025-03-01|||", "Wu|13900139000|ann li|输单|||2025-04-01|too dear||")
    ended = read(database, acme, "select status, stage, lost_reason, closed_at is not null from lead order by number")
    assert ended == [("won", "won", None, True), ("lost", "lost", "too dear", True)]
    assert read(database, acme, "select began_by, ended_by from assignment order by lead_id") == [
        ("created", "converted"), ("created", "lost"),
    ]  # fmt: skip
    assert read(database, acme, "select member_id from credit") == [(acme.member["ann"],)]
    assert read(database, acme, "select coalesce(sum(holding), 0) from rep_load") == [(0,)]


def test_several_leads_of_one_customer_stay_several(database, acme, bring):
    lines = ["open|new|||||", "first|won||||||", "second|lost||||||"]
    done = bring(*(f"{name}|13800138000|ann li|{rest}" for name, _, rest in (line.partition("|") for line in lines)))
    assert done.created == 3
    assert read(database, acme, "select status, count(distinct person_id) from lead group by 1 order by 1") == [
        ("lost", 1), ("open", 1), ("won", 1),
    ]  # fmt: skip


def test_capacity_refuses_nobody_and_tells_who_is_above_it(database, acme, bring):
    bring("Lu|13800138000|ann li|||||||", "Wu|13900139000|ann li|||||||", "Xu|13700137000|bob@acme.example|||||||")
    with database.begin(acme.org_id) as uow:
        assert [(one.name, one.holding, one.cap) for one in switching.over_capacity(uow)] == [("Ann Li", 2, 1)]


def test_an_owner_who_is_nobody_here_leaves_the_lead_to_the_pool_if_so_asked(database, acme, bring):
    assert bring("Lu|13800138000|Somebody|||||||", strangers="pool").created == 1
    assert read(database, acme, "select owner_id, pool_id is not null, status from lead") == [(None, True, "open")]


def test_one_activity_a_row_goes_to_the_lead_that_its_key_names(database, acme, bring):
    bring(OLD)
    done = bring("|13800138000|||||||2026-01-05|sent the offer", "|13800138000|||||||2026-01-09|no answer")
    assert (done.created, done.touched) == (0, 2)
    words = read(database, acme, "select words from activity where verb = 'logged' order by at")
    assert words == [("asked for a price",), ("sent the offer",), ("no answer",)]


def test_nobody_is_told_and_nothing_is_dealt(database, acme, bring):
    bring("Lu|13800138000||||||||", OLD)
    assert read(database, acme, "select count(*) from message") == [(0,)]


@pytest.mark.parametrize(
    ("field", "words", "sentence"),
    [
        ("stage", "colourful", past.NOT_A_STAGE),
        ("created_at", "yesterday", past.NOT_A_DATE),
        ("closed_at", "2026-13-01", past.NOT_A_DATE),
        ("followed_up_at", "2999-01-01", past.IN_FUTURE),
        ("activity_at:1", "32/12/2025", past.NOT_A_DATE),
    ],
)
def test_what_cannot_be_read_is_named(field, words, sentence):
    ways = Ways({}, "Asia/Shanghai", datetime(2026, 3, 4, tzinfo=UTC))
    with pytest.raises(past.FieldErrors) as caught:
        past.read({field: words}, ways)
    assert caught.value.fields == {field: sentence}


@pytest.mark.parametrize(
    ("words", "day_first", "expected"),
    [
        ("2025-06-01", True, "2025-06-01T00:00:00+08:00"),
        ("2025年6月1日 14:05", True, "2025-06-01T14:05:00+08:00"),
        ("2025/6/1 2:05 PM", True, "2025-06-01T14:05:00+08:00"),
        ("3/4/2025", True, "2025-04-03T00:00:00+08:00"),
        ("3/4/2025", False, "2025-03-04T00:00:00+08:00"),
        ("10/20/2016", True, "2016-10-20T00:00:00+08:00"),
        ("2025-06-01T14:05:00Z", True, "2025-06-01T14:05:00+00:00"),
        ("2025-06-01T14:05:00", True, "2025-06-01T14:05:00+08:00"),
    ],
)
def test_dates_are_read_as_people_and_spreadsheets_write_them(words, day_first, expected):
    ways = Ways({}, "Asia/Shanghai", datetime(2026, 3, 4, tzinfo=UTC), day_first)
    assert past.moment(words, ways).isoformat() == expected


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Follow-up 2 at", "activity_at:2"), ("跟进2内容", "activity:2"), ("Last contact", "followed_up_at"),
        ("Deal stage", "stage"), ("最后跟进时间", "followed_up_at"), ("输单原因", "lost_reason"), ("phone", None),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_usual_names(heading, field):
    assert past.field_of(heading) == field
