"""P32: the HTTP contract is what the code does. Every door is fuzzed from its own description: nothing breaks."""

from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks

from crm.models import Source
from crm.services import api_tokens, events, forms, members
from tests import build
from tests.rounds import rounds
from tests.world import House
from webhooks.app import create_app

# Of each door, in each of two ways: as described, and not as described.
CASES = rounds(short=11, full=900)
# What a door answers is what its description says: status, media type, body, and headers.
ALL = (
    checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance,
    checks.response_headers_conformance,
)  # fmt: skip
API = (
    "/api/v1/leads", "/api/v1/leads/{ref}", "/api/v1/persons/{person_id}", "/api/v1/credits", "/api/v1/members",
    "/api/v1/changes",
)  # fmt: skip
FORMS, EVENTS = ("/f/{word}", "/f/{word}/code"), ("/e/{word}", "/e/{word}/ask")
EVENT_PAGES = ("/e/{word}/materials", "/e/{word}/materials/{material}", "/e/{word}/codes")
DOORS = [
    *(("GET", path) for path in API), *(("POST", path) for path in (*FORMS, *EVENTS)), ("GET", "/f/page.css"),
    *(("GET", path) for path in (FORMS[0], *EVENTS, *EVENT_PAGES)),
    ("POST", "/intake/{source}"), ("GET", "/intake/{source}"),
    ("GET", "/export/{ticket}"), ("GET", "/person/{ticket}"), ("GET", "/file/{ticket}"), ("GET", "/l/{ref}"),
    ("GET", "/calendar/{token}.ics"), ("GET", "/healthz"), ("GET", "/readyz"),
    ("POST", "/slack/events"), ("GET", "/wecom/callback"), ("POST", "/wecom/callback"),
    ("GET", "/wecom/callback/{app}"), ("POST", "/wecom/callback/{app}"),
]  # fmt: skip
# Where something can be written otherwise than it is described.
BOUND = [*DOORS[: len(API)], ("POST", "/intake/{source}")]
TRIALS = [(*door, GenerationMode.POSITIVE) for door in DOORS] + [(*door, GenerationMode.NEGATIVE) for door in BOUND]


@pytest.fixture(scope="module")
def schema(house: House) -> Any:
    load_all_checks()
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(house.bot))


@pytest.fixture(scope="module")
def token(house: House) -> str:
    """One of a company in which there is something to read; the rate of its calls has no bound here."""
    acme = build.company(house.bot.database)
    with house.bot.database.begin(acme.org_id) as uow:
        for owner in (None, "ann", "bob"):
            build.lead(uow, acme, owner=owner, amount=12, currency="CNY")
        return api_tokens.create(uow, actor=None, name="fuzz", scopes=api_tokens.SCOPES)[1]


@pytest.fixture(scope="module")
def words(house: House) -> dict[str, str]:
    """The words of a form and of an event that are there, by what their addresses begin with."""
    acme = build.company(house.bot.database)
    with house.bot.database.begin(acme.org_id) as uow:
        form = forms.make(uow, actor=None, source=uow.session.get_one(Source, (acme.org_id, acme.source_id)))
        keeper, when = members.get(uow, acme.member["ada"]), uow.now + timedelta(days=9)
        vault = house.bot.workspaces.vault
        event = events.create(uow, vault, actor=keeper, name="Expo", place="Hall 3", starts_at=when)
        return {"/f/": form.word, "/e/": event.word}


def test_every_door_is_tried(schema: Any) -> None:
    described = {(each.ok().method.upper(), each.ok().path) for each in schema.get_all_operations()}
    assert {each for each in described if not each[1].startswith("/playground")} == set(DOORS)


@pytest.mark.parametrize(("method", "path", "mode"), TRIALS)
@settings(max_examples=CASES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_door_answers_as_it_is_described(
    schema: Any, token: str, words: dict[str, str], method: str, path: str, mode: GenerationMode, data: Any
) -> None:
    case = data.draw(schema[path][method].as_strategy(generation_mode=mode))
    known = [{"word": word} for begin, word in words.items() if path.startswith(begin)]
    case.path_parameters |= data.draw(st.sampled_from([{}, *known]))
    headers = {"Authorization": f"Bearer {token}"} if path in API else {}
    answer = case.call(base_url="http://127.0.0.1:8000", headers=headers)
    assert answer.status_code < 500
    case.validate_response(answer, checks=list(ALL))
