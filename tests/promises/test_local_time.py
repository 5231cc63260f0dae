"""A reminder comes once, at the local minute that was asked for, whatever clocks do on that day (P18).

Digests have the same days and clocks in `tests/crm/test_digests.py`.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.understanding.when import understand_when
from crm.services import tasks
from tests.desk import Desk

NEW_YORK, LONDON, LORD_HOWE, SHANGHAI = "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Shanghai"
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
# The local day before, the time of day asked for, and the instant at which it must come.
MOMENTS = [
    pytest.param(
        NEW_YORK, "2026-03-07", "2:30am", "2026-03-08T07:30Z", id="New York, a skipped time comes as much later"
    ),
    pytest.param(NEW_YORK, "2026-03-07", "9am", "2026-03-08T13:00Z", id="New York, after the gap"),
    pytest.param(NEW_YORK, "2026-10-31", "1:30am", "2026-11-01T05:30Z", id="New York, the first of two"),
    pytest.param(NEW_YORK, "2026-10-31", "9am", "2026-11-01T14:00Z", id="New York, after the fold"),
    pytest.param(LONDON, "2026-03-28", "1:30am", "2026-03-29T01:30Z", id="London, a skipped time comes as much later"),
    pytest.param(LONDON, "2026-10-24", "1:30am", "2026-10-25T00:30Z", id="London, the first of two"),
    pytest.param(LORD_HOWE, "2026-10-03", "2:15am", "2026-10-03T15:45Z", id="Lord Howe, a skipped quarter"),
    pytest.param(LORD_HOWE, "2026-04-04", "1:45am", "2026-04-04T14:45Z", id="Lord Howe, the first of two"),
    pytest.param(SHANGHAI, "2026-03-04", "3pm", "2026-03-05T07:00Z", id="Shanghai"),
    pytest.param(SHANGHAI, "2028-02-28", "3pm", "2028-02-29T07:00Z", id="a leap day"),
    pytest.param(EAST, "2026-12-31", "8am", "2026-12-31T18:00Z", id="the new year at UTC+14"),
    pytest.param(WEST, "2026-12-30", "8am", "2026-12-31T19:00Z", id="the end of the year at UTC-11"),
]
STEPS = [pytest.param(-1, id="stepped back an hour"), pytest.param(1, id="stepped on an hour")]


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def fall_due(desk: Desk) -> int:
    with desk.database.begin(desk.acme.org_id) as uow:
        return tasks.remind_due(uow)


@pytest.mark.parametrize("hours", STEPS)
@pytest.mark.parametrize(("zone", "day", "asked", "comes"), MOMENTS)
def test_a_reminder_comes_once_at_its_local_minute(desk: Desk, zone, day, asked, comes, hours) -> None:
    there = ZoneInfo(zone)
    desk.time.set(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=there).astimezone(UTC))
    lead = desk.make(owner="ann")
    when = understand_when(f"tomorrow {asked}", now=desk.time(), tz=there, locale="en")
    desk.does("ann", lambda uow, actor, lead: tasks.remind(uow, actor=actor, lead=lead, at=when.at), lead)

    due = datetime.fromisoformat(comes)
    desk.time.set(due - timedelta(minutes=1))
    before = fall_due(desk)
    desk.time.set(due)
    at_its_minute = fall_due(desk)
    desk.time.set(due + timedelta(hours=hours))
    assert (before, at_its_minute, fall_due(desk)) == (0, 1, 0)
