"""P32: the HTTP contract is what the code does. Every door is fuzzed from its own description: nothing breaks."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks

from crm.services import api_tokens
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
DOORS = [
    *(("GET", path) for path in API),
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


def test_every_door_is_tried(schema: Any) -> None:
    described = {(each.ok().method.upper(), each.ok().path) for each in schema.get_all_operations()}
    assert {each for each in described if not each[1].startswith("/playground")} == set(DOORS)


@pytest.mark.parametrize(("method", "path", "mode"), TRIALS)
@settings(max_examples=CASES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_door_answers_as_it_is_described(
    schema: Any, token: str, method: str, path: str, mode: GenerationMode, data: Any
) -> None:
    case = data.draw(schema[path][method].as_strategy(generation_mode=mode))
    headers = {"Authorization": f"Bearer {token}"} if path in API else {}
    answer = case.call(base_url="http://127.0.0.1:8000", headers=headers)
    assert answer.status_code < 500
    case.validate_response(answer, checks=list(ALL))
