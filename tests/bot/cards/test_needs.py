"""Whoever leaves something out reads what it is, and an example that can be typed as it stands in this company."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import router
from bot.cards.facts import Facts, everybody
from bot.cards.needs import A_LEAD, NEEDS, lacking
from crm.services import members
from tests.bot.cards.scene import Scene

HANDLERS = Path(router.__file__).parent / "handlers"
RAISED = re.compile(r'MissingArgument\(example=(?:context\.say\()?_\("(.+?)"\)')


@pytest.fixture
def scene(database, time):
    return Scene(database, time)


def told(scene: Scene, name: str, example: str) -> str:
    with scene.uow() as uow:
        viewer = members.get(uow, scene.acme.member[name])
        return Facts(uow, viewer).refusal("missing_argument", {"example": example})


def test_every_command_that_wants_more_than_a_lead_says_what():
    silent = {
        entry.words[0]
        for entry in router.commands()
        if [one.name for one in entry.wants if not one.optional] not in ([], ["lead"], ["ref"])
        and lacking(entry.words[0]) == A_LEAD
    }
    assert silent == set()


def test_every_example_of_what_is_missing_belongs_to_a_command_that_says_what():
    examples = {one for file in HANDLERS.glob("*.py") for one in RAISED.findall(file.read_text())}
    assert len(examples) > 20
    assert {one for one in examples if (found := router.match(one)) is None or found[0].words[0] not in NEEDS} == set()


def test_an_example_names_leads_and_colleagues_that_are_there(scene):
    ref = scene.lead(owner="ann")
    said = told(scene, "ann", "hand over L-1042 @Ann")
    assert said == f"This needs a lead and a colleague. For example: hand over {ref} @Bob"


def test_an_example_of_a_pool_or_a_team_names_one_that_is_there(scene):
    assert told(scene, "ada", "move 20 from Open to North").endswith("For example: move 20 from open to north")
    assert told(scene, "ada", "team new East under Sales").endswith("team new East under Company")


def test_in_a_group_an_example_names_nobody(scene):
    with scene.uow() as uow:
        shown = Facts(uow, everybody(scene.acme.org_id, members.zone("Asia/Shanghai"), "en"))
        assert shown.living("hand over L-1042 @Bob") == "hand over L-1042 @Bob"
