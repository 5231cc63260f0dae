"""Questions to colleagues about one lead: asked with a due time, answered in a thread that the timeline keeps.

The colleague sees this lead's name and stage, and no more than that without a right of their own. Whoever asks the same
again before it is answered gets the question that is open.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from crm.errors import MemberInactive, TimeInPast
from crm.errors_of_asking import AskedOneself, QuestionClosed, QuestionNotFound
from crm.rules.access import Actor
from crm.services import timeline
from crm.services.leads import LeadView, need_workable
from crm.uow import UnitOfWork

REF = re.compile(r"\s*[AaＡ]\s?[-－–—]\s?(\d{1,12})\s*")
CHUNK, MOST = 200, 20
# Until when an answer is expected where nobody says.
DAY = timedelta(days=1)
_VIEW = """
    select q.id, q.number, q.lead_id, q.asker_id, q.colleague_id, q.words, q.state, q.asked_at, q.due_at,
           q.reminded_at, q.version, l.number as lead_number, p.name, p.company, l.status, l.stage,
           coalesce(st.name, l.stage) as stage_name, coalesce(st.name_zh, l.stage) as stage_name_zh
    from question q
    join lead l on l.org_id = q.org_id and l.id = q.lead_id
    join person p on p.org_id = l.org_id and p.id = l.person_id
    left join pipeline pl on pl.org_id = l.org_id and pl.line_id = l.line_id
    left join stage st on st.org_id = l.org_id and st.pipeline_id = pl.id and st.key = l.stage
    where q.org_id = :org
"""
_ONE = text(_VIEW + " and q.id = :id")
_BY_NUMBER = text(_VIEW + " and q.number = :number")
_OPEN = text(
    _VIEW + " and (q.colleague_id = :me and q.state = 'open' or q.asker_id = :me and q.state in ('open', 'answered'))"
    " order by q.colleague_id <> :me, q.due_at nulls last, q.id limit :most"
)
_TURN = text("select pg_advisory_xact_lock(hashtextextended('question', :org))")
_ASK = text(
    """
    insert into question (org_id, number, lead_id, asker_id, colleague_id, words, digest, state, asked_at, due_at,
                          version)
    select :org, coalesce(max(number), 0) + 1, :lead, :me, :colleague, :words, :digest, 'open', :now, :due, 1
    from question where org_id = :org
    on conflict (org_id, lead_id, asker_id, colleague_id, digest) where state = 'open' do nothing
    returning id
    """
)
_SAME = text(
    "select id from question where org_id = :org and lead_id = :lead and asker_id = :me and colleague_id = :colleague"
    " and digest = :digest and state = 'open'"
)
_MOVE = text(
    """
    update question q set state = :to, version = version + 1,
           answered_at = case when :to = 'answered' then cast(:now as timestamptz) else answered_at end,
           closed_at = case when :to in ('declined', 'done') then cast(:now as timestamptz) end,
           reminded_at = case when :to = 'open' then null else reminded_at end,
           due_at = case when :to = 'open' then coalesce(cast(:due as timestamptz), due_at) else due_at end
    where org_id = :org and id = :id and state = any(:was)
      and (:to <> 'open' or not exists (
        select from question o where o.org_id = q.org_id and o.lead_id = q.lead_id and o.asker_id = q.asker_id
          and o.colleague_id = q.colleague_id and o.digest = q.digest and o.state = 'open' and o.id <> q.id))
    returning id
    """
)
_DUE = text(
    """
    update question q set reminded_at = :now from (
        select id from question d where org_id = :org and state = 'open' and reminded_at is null and due_at <= :now
          and not exists (select from member m where m.org_id = d.org_id and m.id = d.colleague_id and not m.active)
        order by due_at limit :chunk for no key update skip locked
    ) due where q.org_id = :org and q.id = due.id
    returning q.id, q.lead_id, q.asker_id, q.colleague_id, q.due_at
    """
)
_THREAD = text(
    """
    select a.verb, a.at, a.words, m.name as actor from activity a
    left join member m on m.org_id = a.org_id and m.id = a.actor_id
    where a.org_id = :org and a.lead_id = :lead and a.verb in ('asked', 'answered', 'asked_back', 'not_answered')
      and (a.data->>'question')::bigint = :id order by a.at, a.id
    """
)


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question, with as much of its lead as whoever takes part may see."""

    id: int
    number: int
    lead_id: int
    asker_id: int
    colleague_id: int
    words: str | None
    state: str
    asked_at: datetime
    due_at: datetime | None
    reminded_at: datetime | None
    version: int
    lead_number: int
    name: str
    company: str
    status: str
    stage: str
    stage_name: str
    stage_name_zh: str

    @property
    def ref(self) -> str:
        return f"A-{self.number}"

    @property
    def lead_ref(self) -> str:
        return f"L-{self.lead_number}"

    @property
    def title_line(self) -> str:
        return " · ".join(part for part in (self.name, self.company) if part) or self.lead_ref


def ask(
    uow: UnitOfWork, *, actor: Actor, lead: LeadView, colleague: Actor, words: str, due_at: datetime | None = None
) -> tuple[QuestionView, bool]:
    """Ask a colleague about a lead that the actor may see; whether it is a new question.

    Raises: AskedOneself, MemberInactive, TimeInPast, PersonSetAside.
    """
    need_workable(lead)
    if colleague.id == actor.id:
        raise AskedOneself(ref=lead.ref)
    if not colleague.active:
        raise MemberInactive(member_id=colleague.id)
    due = due_at or uow.now + DAY
    if due <= uow.now:
        raise TimeInPast
    digest = hashlib.sha256(" ".join(words.split()).casefold().encode()).hexdigest()
    args = {
        "org": uow.org_id, "lead": lead.id, "me": actor.id, "colleague": colleague.id, "words": words,
        "digest": digest, "now": uow.now, "due": due,
    }  # fmt: skip
    uow.session.execute(_TURN, {"org": uow.org_id})
    made: int | None = uow.session.scalar(_ASK, args)
    if made is None:
        return _by_id(uow, uow.session.execute(_SAME, args).scalar_one()), False
    data = {"question": made, "to": colleague.id}
    timeline.note(uow, lead_id=lead.id, verb="asked", actor_id=actor.id, words=words, data=data)
    uow.touch(lead.id)
    _tell(uow, "question.asked", _by_id(uow, made), to=colleague.id, key="asked")
    return _by_id(uow, made), True


def get(uow: UnitOfWork, *, actor: Actor, ref: str) -> QuestionView:
    """A question by `A-3`, for the two who take part in it. Raises QuestionNotFound."""
    found = REF.fullmatch(ref)
    args = {"org": uow.org_id, "number": int(found[1]) if found else 0}
    return _for(actor, uow.session.execute(_BY_NUMBER, args).mappings().one_or_none(), ref)


def view(uow: UnitOfWork, *, actor: Actor, question_id: int) -> QuestionView | None:
    """The same by id, for a card; None for anybody else."""
    row = uow.session.execute(_ONE, {"org": uow.org_id, "id": question_id}).mappings().one_or_none()
    return QuestionView(**row) if row and actor.id in (row["asker_id"], row["colleague_id"]) else None


def waiting(uow: UnitOfWork, *, actor: Actor, most: int = MOST) -> list[QuestionView]:
    """What the actor is asked, the most urgent first, then what the actor has asked and not put away."""
    rows = uow.session.execute(_OPEN, {"org": uow.org_id, "me": actor.id, "most": most})
    return [QuestionView(**row) for row in rows.mappings()]


def thread(uow: UnitOfWork, question: QuestionView) -> Sequence[Any]:
    """What was said in it so far, the question first."""
    args = {"org": uow.org_id, "lead": question.lead_id, "id": question.id}
    return uow.session.execute(_THREAD, args).all()


def reply(uow: UnitOfWork, *, actor: Actor, question: QuestionView, words: str) -> QuestionView:
    """The colleague answers, or the asker asks back; it lands on the timeline and with the other one.

    Raises: QuestionClosed.
    """
    answers = actor.id == question.colleague_id
    state = "answered" if answers else "open"
    _move(uow, question, state, was=("open", "answered"), due=None if answers else uow.now + DAY)
    verb = "answered" if answers else "asked_back"
    activity = timeline.note(
        uow, lead_id=question.lead_id, verb=verb, actor_id=actor.id, words=words, data={"question": question.id}
    )
    uow.touch(question.lead_id)
    other = question.asker_id if answers else question.colleague_id
    _tell(uow, "question.answered" if answers else "question.asked", question, to=other, key=f"{verb}:{activity}")
    return _by_id(uow, question.id)


def decline(uow: UnitOfWork, *, actor: Actor, question: QuestionView, words: str = "") -> QuestionView:
    """The colleague cannot say; the asker is told. Raises QuestionNotFound for the asker, QuestionClosed."""
    if actor.id != question.colleague_id:
        raise QuestionNotFound(ref=question.ref)
    _move(uow, question, "declined", was=("open",))
    timeline.note(
        uow, lead_id=question.lead_id, verb="not_answered", actor_id=actor.id, words=words or None,
        data={"question": question.id},
    )  # fmt: skip
    uow.touch(question.lead_id)
    _tell(uow, "question.answered", question, to=question.asker_id, key="declined")
    return _by_id(uow, question.id)


def done(uow: UnitOfWork, *, actor: Actor, question: QuestionView) -> QuestionView:
    """The asker needs no more. Raises QuestionNotFound for the colleague, QuestionClosed."""
    if actor.id != question.asker_id:
        raise QuestionNotFound(ref=question.ref)
    _move(uow, question, "done", was=("open", "answered"))
    uow.touch(question.lead_id)
    return _by_id(uow, question.id)


def remind_due(uow: UnitOfWork) -> int:
    """Remind of each question whose time has come: who is asked, and who waits; returns how many. Twice is harmless."""
    rows = uow.session.execute(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    for row in sorted(rows, key=lambda row: (row.due_at, row.id)):
        question = _by_id(uow, row.id)
        _tell(uow, "question.due", question, to=row.colleague_id, key=f"due:{question.version}")
        _tell(uow, "question.late", question, to=row.asker_id, key=f"late:{question.version}")
    return len(rows)


def _move(
    uow: UnitOfWork, question: QuestionView, to: str, *, was: tuple[str, ...], due: datetime | None = None
) -> None:
    args = {"org": uow.org_id, "id": question.id, "to": to, "was": list(was), "now": uow.now, "due": due}
    if uow.session.scalar(_MOVE, args) is None:
        raise QuestionClosed(ref=question.ref, lead=question.lead_ref)


def _tell(uow: UnitOfWork, topic: str, question: QuestionView, *, to: int, key: str) -> None:
    data = {"question": question.id, "lead": question.lead_id, "about": topic.partition(".")[2]}
    uow.notify(topic, to=to, lead=question.lead_id, key=f"question:{question.id}:{key}", data=data)


def _for(actor: Actor, row: Any, ref: str) -> QuestionView:
    if row is None or actor.id not in (row["asker_id"], row["colleague_id"]):
        raise QuestionNotFound(ref=ref.strip())
    return QuestionView(**row)


def _by_id(uow: UnitOfWork, question_id: int) -> QuestionView:
    return QuestionView(**uow.session.execute(_ONE, {"org": uow.org_id, "id": question_id}).mappings().one())
