"""A busy day about one customer whose every word can be found again: what it leaves behind is looked through by tests.

Nothing else in a test database is called like this.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from sqlalchemy import Connection, text

from crm.rules.arrival import Arrival
from crm.services import intake, members, pending_lines, sources
from tests import build
from tests.bot.asking import ask, submits, taps, told
from tests.world import World

PHONE, TAIL = "13877771234", "138****1234"
EMAIL, WECHAT = "quilfrax@zyxmark.example", "wxmarkq77"
NAME, COMPANY = "Quilfrax Zyx", "Zyxmark Works"
# What is said of the customer, each in its own way.
WORDS = (
    "vorpalnote", "vorpalcall", "vorpaltask", "vorpalask", "vorpalanswer", "vorpalform", "vorpalcustom", "vorpalfile",
    "vorpalshare", "vorpalwhy", "vorpalreason", "vorpalpaste", "vorpalhold", "vorpalteam",
)  # fmt: skip
CONTACTS = (PHONE, f"+86{PHONE}", "138 7777 1234", EMAIL, WECHAT)
MARKS = (*CONTACTS, NAME, COMPANY, *WORDS)
RULES = """
claim: {per_day: 50, reveals_per_day: 9, capacity: {default: 60}}
recycle: [{name: follow-up, no_follow_up: 7d}]
extend: {by: 1d, times: 1}
fallback_pool: open
"""
# What is a company's says so in a column, jobs in their arguments.
_TABLES = text(
    """
    select t.tablename, case when t.tablename = 'procrastinate_jobs' then $$args->>'org_id'$$
                             when c.column_name is not null then 'org_id' end
    from pg_tables t left join information_schema.columns c
      on c.table_schema = 'public' and c.table_name = t.tablename and c.column_name = 'org_id'
    where t.schemaname = 'public' order by 1
    """
)
_COPY = "copy (select * from {table} {whose}) to stdout"
PNG = b"\x89PNG\r\n\x1a\n vorpalfile"


def comes_in(world: World) -> str:
    """The customer fills in a form of the website; the lead's reference."""
    arrival = Arrival(
        name=NAME, company=COMPANY, phone=PHONE, email=EMAIL, wechat=WECHAT, note="vorpalform", referrer="vorpalwhy",
        custom={"favourite": "vorpalcustom"},
    )  # fmt: skip
    with world.database.begin(world.acme.org_id) as uow:
        ref = intake.take_in(uow, source=sources.get(uow, world.acme.source_id), arrival=arrival).ref
    world.run_jobs()
    return ref


def busy_day(world: World) -> str:
    """All that people do with a customer in a day, on three platforms; the lead's reference."""
    ref = comes_in(world)
    comes_in(world)  # once more: a touch
    for platform, name in (("slack", "bob"), ("wecom", "ann"), ("playground", "ann")):
        world.chat(platform, name).says("pool")
    ann = world.chat("playground", "ann")
    ann.says(f"reveal {ref}")
    ann.says(f"claim {ref}")
    for line in _lines(ref):
        ann.says(line)
    _files(world, ref)
    told(world, "answer A-1 yes vorpalanswer", "bob")
    told(world, f"new {NAME} vorpalpaste, {PHONE}")
    told(world, f"list {NAME} = {NAME}")
    told(world, f"my {NAME}")
    _waits(world)
    ask(world, taps(world, "lead.log", ref))
    ask(world, submits(world, "log", ref, words="spoke vorpalcall again"))
    told(world, f"hold {ref} until tomorrow 9am vorpalhold", "mia")
    told(world, f"unhold {ref}", "mia")
    _on_the_other_platforms(world, ref)
    _merged(world, ref)
    world.pass_time(hours=30)
    return ref


def _lines(ref: str) -> Iterator[str]:
    yield f"log {ref} called {NAME}, vorpalcall, wants a quote"
    yield f"note {ref} vorpalnote, reach at {EMAIL}"
    yield f"remind {ref} tomorrow 3pm vorpaltask"
    yield f"ask {ref} @Bob vorpalask for {NAME}?"
    yield f"share {ref} @Bob vorpalshare"
    yield f"stage {ref} quote"
    yield f"find {PHONE[-4:]}"
    yield f"find {NAME}"
    yield f"lead {ref}"
    yield "my"
    yield "today"
    yield f"extend {ref} vorpalreason"
    yield f"claim {NAME}"
    yield f"log {NAME} called, no answer"


def _waits(world: World) -> None:
    """A line that waits for the tap which says whom it is about."""
    with world.database.begin(world.acme.org_id) as uow:
        bob = members.get(uow, world.acme.member["bob"])
        pending_lines.keep(uow, actor=bob, command="log", words=f"{NAME} called vorpalteam")


def _files(world: World, ref: str) -> None:
    body = {
        "as": build.external("playground", "ann", world.acme.org_id), "name": "vorpalfile.png", "text": f"{ref} met",
        "data": base64.b64encode(PNG).decode(), "mime": "image/png",
    }  # fmt: skip
    world.client.post("/playground/api/upload", params={"workspace": f"playground-{world.acme.org_id}"}, json=body)
    world.run_jobs()


def _on_the_other_platforms(world: World, ref: str) -> None:
    for platform in ("slack", "wecom"):
        chat = world.chat(platform, "ann")
        chat.says(f"lead {ref}")
        chat.says(f"log {ref} vorpalcall by {platform}")
    world.chat("slack", "mia").says("funnel")
    world.chat("slack", "ada").says(f"why {ref}")


def _merged(world: World, ref: str) -> None:
    """A second record of the same customer, made one with the first."""
    with world.database.begin(world.acme.org_id) as uow:
        other = build.lead(uow, world.acme, name=f"{NAME} Jr", firm=COMPANY, phone="+8613877775678")
        number = build.read(uow, other).number
    told(world, f"merge {ref} L-{number}", "ada")
    ask(world, taps(world, "merge.confirm", f"{ref} L-{number} {other}", "ada"))


def everything(connection: Connection, org_id: int) -> Iterator[tuple[str, str]]:
    """Every row of every table that is this company's or nobody's, as a backup would hold it; bytes as text too."""
    for table, column in connection.execute(_TABLES).all():
        whose = f"where {column} = '{org_id}'" if column else ""
        with connection.connection.cursor() as cursor, cursor.copy(_COPY.format(table=table, whose=whose)) as copied:
            for row in copied.rows():
                line = "\t".join(cell or "" for cell in row)
                yield table, line + _bytes(line)


def _bytes(line: str) -> str:
    return " ".join(
        bytes.fromhex(cell[3:]).decode("utf-8", "replace") for cell in line.split("\t") if cell.startswith("\\\\x")
    )
