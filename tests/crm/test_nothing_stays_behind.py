"""Every column that may name a member has its fate, and after a hand-over nothing that moves names the leaver."""

import pytest
from sqlalchemy import BigInteger, text
from sqlalchemy.dialects.postgresql import JSONB

from crm.models import Base
from crm.services import belongings, hand_overs, leaving, members
from tests import build
from tests.desk import Desk

# Numbers that are no member's, by the end of their names or one by one.
OTHERS = (
    "org_id", "lead_id", "person_id", "pool_id", "department_id", "workspace_id", "source_id", "conversation_id",
    "task_id", "message_id", "line_id", "pipeline_id", "rule_set_id", "decision_id", "run_id", "parent_id", "merge_id",
    "job_id", "activity_id", "hand_over_id", "item_id", "left_id", "right_id", "survivor_id", "loser_id", "event_id",
    "form_id", "link_id", "endpoint_id", "field_id", "stage_id", "guest_id", "erasure_id", "list_id", "entry_id",
)  # fmt: skip
# By the end of their names they could be a member's, and are not.
NOBODY = {
    "audit_head.last_id", "audit_seal.audit_id", "event_material.attachment_id", "hook_call.hook_id",
}  # fmt: skip
# Documents that name no member, or name one as history only: who did it.
DOCUMENTS = {
    "activity.data", "activity.undo", "attachment.handle", "audit.data", "decision.candidates", "decision.facts",
    "delivery.answer", "digest_subscription.said", "duplicate.reasons", "erasure.counts", "feed_event.properties",
    "form.fields", "form.texts", "hand_over.counters", "hand_over_item.before", "happening.data", "hook_call.payload",
    "import_chunk.counters", "import_job.counters", "import_job.rows", "lead.custom", "lead.score_reasons",
    "list_change.before", "list_change.moved", "member.preferences", "merge.snapshot", "message.address",
    "message.card", "owed_fetch.data", "pending_form.form", "pending_line.files", "posted_card.card",
    "posted_card.handle", "rehearsal.result", "rule_cursor.state", "run.counters", "saved_list.wanted",
    "sheet_mapping.fields", "source.mapping", "team_calendar.extra_holidays", "team_calendar.extra_workdays",
    "workspace.config",
}  # fmt: skip
# The playground's own chat is not the company's.
TABLES = [table for table in Base.metadata.sorted_tables if not table.name.startswith("playground")]
KNOWN = {one.part: one for one in belongings.REFERENCES}


def references():
    """Columns with a key to `member`, and whole numbers that may be one by their name."""
    for table in TABLES:
        keyed = {
            element.parent.name
            for key in table.foreign_key_constraints
            for element in key.elements
            if key.referred_table.name == "member" and element.parent.name != "org_id"
        }
        by_name = {
            column.name
            for column in table.columns
            if isinstance(column.type, BigInteger)
            and column.name.endswith(("_id", "_by"))
            and column.name not in OTHERS
        }
        yield from (f"{table.name}.{name}" for name in sorted(keyed | by_name))


def documents():
    for table in TABLES:
        yield from (f"{table.name}.{column.name}" for column in table.columns if isinstance(column.type, JSONB))


def test_every_column_that_may_name_a_member_has_its_fate():
    assert sorted(set(references()) - set(KNOWN) - NOBODY) == []


def test_the_list_names_no_column_that_is_gone():
    there = {f"{table.name}.{column.name}" for table in TABLES for column in table.columns}
    assert sorted(set(KNOWN) - there) == []


def test_every_document_was_looked_at_for_members():
    assert sorted(set(documents()) - DOCUMENTS) == []


RULES = "claim: {capacity: {default: 9}}"
# Everything that moves, one row of each under Ann's name; `:lead` is hers, `:ann` and `:cyd` are members.
UNDER_HER_NAME = """
insert into task (org_id, lead_id, member_id, by_id, due_at, state, created_at, version)
    values (:o, :lead, :ann, :ann, :now, 'open', :now, 1);
insert into task (org_id, member_id, by_id, due_at, state, created_at, version)
    values (:o, :ann, :ann, :now, 'open', :now, 1);
insert into question (org_id, number, lead_id, asker_id, colleague_id, digest, state, asked_at, version)
    values (:o, 1, :lead, :cyd, :ann, '', 'open', :now, 1), (:o, 2, :lead, :ann, :cyd, '', 'open', :now, 1),
    (:o, 3, :lead, :bob, :ann, '', 'open', :now, 1), (:o, 4, :lead, :ann, :bob, '', 'open', :now, 1);
insert into duplicate (org_id, left_id, score, reasons, state, asked_id, at)
    select :o, person_id, 80, '[]', 'asked', :ann, :now from lead where org_id = :o and id = :lead;
update pool set admin_id = :ann where org_id = :o;
update member set manager_id = :ann where org_id = :o and id in (:cyd, :mia);
insert into digest_subscription (org_id, department_id, member_id, at, next_at)
    select :o, id, :ann, '09:00', :now from department where org_id = :o;
insert into digest_subscription (org_id, department_id, member_id, at, next_at)
    select :o, min(id), :bob, '09:00', :now from department where org_id = :o;
insert into contact_follow (org_id, workspace_id, external_id, member_id, remark, tags, began_at)
    select :o, id, 'wm1', :ann, '', '{}', :now from workspace where org_id = :o and platform = 'wecom';
insert into person_key (org_id, person_id, kind, value) select :o, person_id, 'external', 'wecom:wm1'
    from lead where org_id = :o and id = :lead;
insert into event (org_id, source_id, key, name, place, starts_at, ends_at, word, created_by, created_at)
    select :o, min(id), 'fair', 'Fair', 'Hall 1', :now, :now, 'w' || :o, :ann, :now from source where org_id = :o;
update source set owner_id = :ann where org_id = :o;
insert into list_entry (org_id, list, key, name, name_zh, position, created_at, owner_id)
    values (:o, 'campaign', 'Spring', 'Spring', '', 0, :now, :ann)
"""


@pytest.fixture
def desk(database, time):
    return Desk(database, time, RULES)


def given(desk):
    with desk.database.begin(desk.acme.org_id) as uow:
        lead = build.lead(uow, desk.acme, owner="ann")
        names = {name: desk.acme.member[name] for name in ("ann", "bob", "cyd", "mia")}
        for statement in UNDER_HER_NAME.split(";"):
            uow.session.execute(text(statement), {"o": uow.org_id, "lead": lead, "now": uow.now} | names)
    return lead


def hand_over(desk, how):
    def work(uow, actor):
        ann = members.get(uow, desk.acme.member["ann"])
        found = leaving.leave(uow, actor=actor, member=ann)
        return hand_overs.do(uow, actor=actor, hand_over_id=found.id, how=how)

    return desk.does("mia", work)


def left(desk):
    with desk.database.begin(desk.acme.org_id) as uow:
        return belongings.counted(uow, desk.acme.member["ann"])


def test_the_set_up_has_a_row_of_every_part_that_moves(desk):
    given(desk)
    assert sorted(left(desk)) == sorted({one.part for one in belongings.MOVED} - {"hook.created_by"})


@pytest.mark.parametrize("how", ["load", "region", "one"])
def test_after_a_hand_over_nothing_that_moves_names_the_leaver(desk, how):
    given(desk)
    found = hand_over(desk, f"one:{desk.acme.member['bob']}" if how == "one" else how)
    assert left(desk) == {}
    assert desk.count("select count(*) from lead where org_id = :org and owner_id = :m and status = 'open'",
                      m=desk.acme.member["ann"]) == 0  # fmt: skip
    assert desk.count("select to_id from contact_move where org_id = :org") == desk.acme.member["bob"]
    assert sum(found.parts.values()) >= 10


def test_all_of_it_is_given_back_together(desk):
    given(desk)
    before = left(desk)
    found = hand_over(desk, f"one:{desk.acme.member['bob']}")
    desk.does("mia", lambda uow, actor: hand_overs.take_back(uow, actor=actor, hand_over_id=found.id))
    # Questions between the two, and a digest that the taker has already, were ended.
    ended = {"question.colleague_id": 1, "question.asker_id": 1, "digest_subscription.member_id": 1}
    assert left(desk) == {part: many - ended.get(part, 0) for part, many in before.items()}
