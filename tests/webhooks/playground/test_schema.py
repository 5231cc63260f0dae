"""The playground's routes, fuzzed from their own description: whatever is sent, nothing breaks."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.drivers.playground_stage import Stage

API = "/playground/api"
OPERATIONS = [
    ("POST", "say"), ("POST", "upload"), ("POST", "press"), ("POST", "clock"), ("GET", "clock"), ("GET", "people"),
    ("GET", "words"), ("GET", "messages"), ("GET", "inboxes"), ("GET", "home"), ("GET", "rendered"), ("GET", "file"),
]  # fmt: skip


@pytest.fixture
def schema(stage: Stage) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", stage.app)


def test_every_route_of_the_api_is_tried(schema: Any) -> None:
    described = {(each.ok().method.upper(), each.ok().path) for each in schema.get_all_operations()}
    assert described == {(method, f"{API}/{name}") for method, name in OPERATIONS}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "name"), OPERATIONS)
@settings(max_examples=10, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_breaks_the_server(schema: Any, method: str, name: str, mode: GenerationMode, data: Any) -> None:
    case = data.draw(schema[f"{API}/{name}"][method].as_strategy(generation_mode=mode))
    assert case.call(base_url="http://127.0.0.1:8000").status_code < 500
