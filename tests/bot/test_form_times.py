"""Times in forms and on buttons: every choice that is offered is understood, in both languages, at any hour."""

from datetime import datetime, timedelta

import pytest

from tests import build
from tests.bot.asking import ask, says, shown, submits, taps, told

SHANGHAI = timedelta(hours=8)


def due(world) -> datetime:
    with world.database.begin(world.acme.org_id) as uow:
        return uow.session.connection().exec_driver_sql("select max(due_at) from task").scalar_one()


@pytest.fixture(params=["en", "zh"])
def speaks(request, world):
    told(world, f"lang {request.param}")
    return request.param


@pytest.mark.parametrize("hour", [0, 1, 8, 9, 12, 16, 17, 23])
def test_every_choice_to_call_back_later_is_a_coming_time(world, speaks, hour):
    world.time.set(build.NOW.replace(hour=0) - SHANGHAI + timedelta(hours=hour, minutes=59))
    ref = world.lead(owner="ann")
    form = ask(world, taps(world, "lead.later", ref)).form
    [choice] = [field for field in form.inputs if field.name == "when"]
    for option in choice.options:
        shown(ask(world, submits(world, form.action, form.value, when=option.value)))
        assert due(world) > world.time(), option
    assert len(choice.options) >= 4


@pytest.mark.parametrize(
    ("given", "local"),
    [
        ("+1h", "2026-03-04T11:00"),
        ("tomorrow", "2026-03-05T09:00"),
        ("2026-03-06T14:30", "2026-03-06T14:30"),
        ("2026-03-06T14:30:00+08:00", "2026-03-06T14:30"),
        ("tomorrow 3pm", "2026-03-05T15:00"),
        ("明天下午3点", "2026-03-05T15:00"),
    ],
)
def test_a_reminder_is_moved_to_the_time_that_was_given(world, given, local):
    ref = world.lead(owner="ann")
    told(world, f"remind {ref} tomorrow 8am")
    task = world.count("select max(id) from task where org_id = :o", o=world.acme.org_id)
    ask(world, submits(world, "task.snooze", str(task), when=given))
    assert (due(world) + SHANGHAI).strftime("%Y-%m-%dT%H:%M") == local


@pytest.mark.parametrize(
    ("given", "said"), [("yesterday", "past"), ("some day", "When exactly"), ("2020-01-01", "past")]
)
def test_a_time_that_is_none_is_asked_for_again(world, given, said):
    ref = world.lead(owner="ann")
    answer = shown(ask(world, submits(world, "lead.later", ref, when=given)))
    assert said in answer
    assert world.count("select count(*) from task where org_id = :o", o=world.acme.org_id) == 0


def test_a_time_in_the_sentence_goes_before_the_one_in_its_own_field(world):
    ref = world.lead(owner="ann")
    fields = {"note": "called, call back tomorrow 3pm", "next": "Friday 9am"}
    ask(world, submits(world, "lead.log", ref, **fields))
    assert (due(world) + SHANGHAI).strftime("%d %H:%M") == "05 15:00"


def test_a_tap_on_a_button_with_a_time_needs_no_form(world):
    ref = world.lead(owner="ann")
    assert ask(world, says(world, "", kind="action", action="lead.later", value=f"{ref} +1h")).form is None
    assert due(world) == build.NOW + timedelta(hours=1)
