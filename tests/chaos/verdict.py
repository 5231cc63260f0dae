"""What has become of everything that was asked and owed, read from the database and from what people see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import create_engine, text

from bot.notices import NOTICES
from bot.platforms.base import AGAIN
from bot.platforms.wecom_cards import task_id
from crm.services import clocks, lead_facts
from ops import invariants
from tests.chaos.house import CAP, PER_DAY, House
from tests.chaos.ledger import DONE, Asked

_DELIVERIES = "select key, answer from delivery where key like 'slack:%' or key like 'wecom:%'"
_MARKED = """
    select substring(words from 'kx[0-9]+z') as mark, count(*) as times from activity
    where words ~ 'kx[0-9]+z' and verb in ('logged', 'noted', 'released', 'task_set') group by 1
"""
_POSTED = """
    select substring(p.name from 'kx[0-9]+z') as mark, count(*) as times from person p
    join lead l on l.org_id = p.org_id and l.person_id = p.id where p.name ~ 'kx[0-9]+z' group by 1
"""
_CLAIMED = """
    select c.member_id || ':' || l.number as mark, count(*) as times from claim_entry c
    join lead l on l.org_id = c.org_id and l.id = c.lead_id group by 1
"""
_UNDONE = "select actor_id as mark, count(*) as times from activity where verb = 'undone' group by 1"
_MESSAGES = """
    select m.id, m.topic, m.key, m.state, m.cause, m.member_id, m.conversation_id, m.address, m.card, m.attempt,
           coalesce(asked.platform, chat.platform) as platform,
           coalesce(m.address->>'external_id', chat.external_id) as person
    from message m left join workspace asked on asked.id = m.workspace_id left join lateral (
      select w.platform, c.external_id from chat_identity c join workspace w on w.id = c.workspace_id
      where c.org_id = m.org_id and c.member_id = m.member_id limit 1) chat on true
"""
# What must be at rest when all work is done.
AT_REST = {
    "no message is still owed": "select count(*) from message where state = 'owed'",
    "no job is left that was due": """
        select count(*) from procrastinate_jobs where status in ('todo', 'doing')
          and coalesce(scheduled_at, now()) <= now() and task_name not in ('rescue', 'tick_each_minute')
    """,
    "no card shows less than is known": "select count(*) from posted_card where live and shown < wanted",
    "no reminder that was due was forgotten": """
        select count(*) from task where state = 'open' and reminded_at is null and due_at < now() - interval '1 min'
          + make_interval(secs => (select coalesce(max(offset_seconds), 0) from clock))
    """,
}
# What the rules of this company forbid.
FORBIDDEN = {
    f"nobody holds more than {CAP}": f"select count(*) from rep_load where holding > {CAP}",
    f"nobody claims more than {PER_DAY} a day": f"""
        select count(*) from (select from claim_entry group by org_id, member_id, day having count(*) > {PER_DAY})
    """,
    "no contact belongs to two persons": """
        select count(*) from (select from person_key group by org_id, kind, value having count(*) > 1)
    """,
}


@dataclass(frozen=True)
class Verdict:
    """How often each thing that must not be has been found, and the figures that are told.

    `told`: what is printed; `wrong`: by what it is called, the first of each kind; empty when all promises hold.
    """

    told: dict[str, int]
    wrong: dict[str, list[Any]]


def at_rest(house: House) -> bool:
    """Whether all work is done."""
    try:
        with house.owner() as session:
            return not any(_scalar(session, question) for question in AT_REST.values())
    except psycopg.OperationalError:
        return False


def hurry(house: House) -> None:
    """What waits to be tried again is tried now: hours pass in a moment."""
    with house.owner() as session:
        session.execute(
            "update procrastinate_jobs set scheduled_at = now() where id in (select id from procrastinate_jobs"
            " where status = 'todo' and scheduled_at < now() + interval '1 hour' for update skip locked)"
        )


def give(house: House) -> Verdict:
    """Look at everything. All work is done."""
    with house.owner() as session:
        session.row_factory = namedtuple_row
        interactions = _interactions(house, session)
        messages = _messages(house, session)
        rest = {name: [n] for name, question in (AT_REST | FORBIDDEN).items() if (n := _scalar(session, question))}
    wrong = interactions.wrong | messages.wrong | rest | _invariants(house) | _countdowns(house)
    return Verdict(interactions.told | messages.told, {name: found for name, found in wrong.items() if found})


def _interactions(house: House, session: Any) -> Verdict:
    answers = {part: row.answer for row in session.execute(_DELIVERIES).fetchall() for part in row.key.split(":")[-2:]}
    effects = _times(session, _MARKED) | _times(session, _POSTED) | _times(session, _CLAIMED)
    chats = [each for each in house.ledger.asked if each.platform != "intake"]
    posts = [each for each in house.ledger.asked if each.platform == "intake"]
    marked = [each for each in chats if each.mark]
    done = {each: int(_is_done(each, answers.get(each.token))) for each in chats}
    told = {
        "acknowledged": sum(each.acknowledged and not each.turned_away for each in house.ledger.asked),
        "turned away": sum(each.turned_away for each in house.ledger.asked),
        "effects": sum(done.values()) + sum(effects.get(each.mark, 0) for each in posts),
    }
    undone = Counter(each.member for each in chats if each.kind == "undo" and done[each])
    taken_back = {int(member): times for member, times in _times(session, _UNDONE).items()}
    return Verdict(told, {
        "acknowledged and lost": [
            each for each in chats if _is_owed(house, each) and not answers.get(each.token)
        ] + [each for each in posts if each.acknowledged and not effects.get(each.mark)],
        "answered without effect": [each for each in marked if effects.get(each.mark, 0) < done[each]],
        "done twice": [each for each in (*marked, *posts) if effects.get(each.mark, 0) > 1],
        "effect without answer": [each for each in marked if effects.get(each.mark, 0) > done[each]],
        "undone and answered differ": [{m: (undone[m], taken_back.get(m, 0))} for m in {*undone, *taken_back}
                                       if undone[m] != taken_back.get(m, 0)],
        "a mistake of ours": [each for each in chats if (answers.get(each.token) or {}).get("card") == "failed"],
        "hung": [house.ledger.tries["hung"]] if house.ledger.tries["hung"] else [],
        "refused": [how for how in house.ledger.tries if how.startswith("refused") and not how.endswith("503")],
    })  # fmt: skip


def _is_owed(house: House, asked: Asked) -> bool:
    """Whether its 2xx promised that it is kept. A tap's says nothing: that the database is away is told beside it."""
    told_beside = asked.platform == "slack" and asked.kind == "claim" and house.ledger.was_away(asked)
    return asked.acknowledged and not asked.turned_away and not told_beside


def _is_done(asked: Asked, answer: dict[str, Any] | None) -> bool:
    return answer is not None and answer.get("card") == DONE.get(asked.kind)


def _messages(house: House, session: Any) -> Verdict:
    """What is owed was shown, or is visibly dead; what was shown twice was sent again because nobody knew."""
    rows = [row for row in session.execute(_MESSAGES).fetchall() if row.state == "sent"]
    shown = list(_shown(house, rows))
    times = Counter(number for number, _ in shown)
    unsure = Counter(number for number, again in shown if again)
    dead = session.execute("select count(*) as n from message where state = 'dead'").fetchone().n
    words = Counter(sent.to for sent in house.world.wecom.sent if "template_card" not in sent.body)
    unseen = [row for row in rows if row.platform == "slack" and not times[row.id] and _has_key(row)]
    in_words = Counter(row.person for row in rows if row.platform == "wecom" and not times[row.id])
    told = {"messages shown": len(times), "visibly dead": dead, "shown again after a crash": sum(unsure.values())}
    return Verdict(told, {
        "sent and never shown": [*unseen, *(in_words - words)],
        "shown twice without a cause": [
            (row.id, row.topic, row.key, row.platform, row.attempt, [again for n, again in shown if n == row.id])
            for row in rows if times[row.id] - unsure[row.id] > 1
        ],
    })  # fmt: skip


def _has_key(row: Any) -> bool:
    """Whether it stands in a chat under its own key: no news for many, no change of a card, no use of a one-day URL."""
    wide = NOTICES[row.topic].wide and row.conversation_id is None and row.member_id is None
    url = str((row.address or {}).get("external_id", "")).startswith("http")
    return not (wide or url or row.card.get("handle"))


def _shown(house: House, rows: list[Any]) -> Iterator[tuple[int, bool]]:
    """The message behind each thing that was shown, and whether it was sent because nobody knew if it had been."""
    for message in house.world.slack.messages:
        key = message.metadata.get("event_payload", {}).get("key", "")
        if key.partition(":")[0].isdigit():
            yield int(key.partition(":")[0]), key.endswith(AGAIN)
    by_person: dict[str, list[Any]] = {}
    for row in rows:
        by_person.setdefault(row.person or "", []).append(row)
    for sent in house.world.wecom.sent:
        card = dict(sent.body.get("template_card", {}))
        name = card.pop("task_id", None)
        for row in by_person.get(sent.to, ()) if name and sent.shown else ():
            if task_id(f"{row.id}:{row.key}", card) == name:
                yield row.id, bool(sent.body.get("enable_duplicate_check"))


def _invariants(house: House) -> dict[str, list[Any]]:
    engine = create_engine(house.world.database.url)
    with engine.connect() as connection:
        found = invariants.broken(connection)
    engine.dispose()
    return {name: [count] for name, count in found.items()}


def _countdowns(house: House) -> dict[str, list[Any]]:
    """The moments that stand beside the leads are those that the rules give for them now."""
    # Connections from before the last restart are found dead by their first use only.
    house.world.database.engine.dispose()
    with house.world.database.begin(house.world.acme.org_id) as uow:
        owned = "select id from lead where org_id = :o and owner_id is not null and status = 'open'"
        facts = lead_facts.read(uow, list(uow.session.scalars(text(owned), {"o": uow.org_id})))
        rows = uow.session.execute(text("select id, recycle_at from lead where org_id = :o"), {"o": uow.org_id})
        shown = {row.id: row.recycle_at for row in rows}
        ends = [end and end[0] for end in clocks.endings(uow, facts)]
    differ = [lead.id for lead, end in zip(facts, ends, strict=True) if shown[lead.id] != end]
    return {"a countdown that is not the one enforced": differ}


def _times(session: Any, question: str) -> dict[str, int]:
    return {str(row.mark): int(row.times) for row in session.execute(question).fetchall()}


def _scalar(session: Any, question: str) -> int:
    return int(session.execute(question).fetchone()[0])
