"""The busiest doors answer as they do by the framework's own way, which describes them."""

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.testclient import TestClient

from webhooks.express import Express, express


@pytest.fixture
def app() -> FastAPI:
    router = APIRouter(prefix="/door")

    @router.post("/{name}")
    @express
    async def take(name: str, request: Request) -> Response:
        return Response(f"{name}: {(await request.body()).decode()}, {'route' in request.scope}")

    @router.get("/{name}")
    async def look(name: str) -> str:
        return name

    app = FastAPI()
    app.add_middleware(Express, routers=[router])
    app.include_router(router)
    return app


def test_an_express_door_is_opened_without_the_router(app: FastAPI) -> None:
    assert TestClient(app).post("/door/a%20b", content="x").text == "a b: x, False"


def test_every_other_request_goes_its_usual_way(app: FastAPI) -> None:
    client = TestClient(app)
    assert client.get("/door/a").json() == "a"
    assert client.post("/door/a/b").status_code == 404
    assert client.put("/door/a").status_code == 405


def test_an_express_door_is_described_like_any_other(app: FastAPI) -> None:
    assert set(app.openapi()["paths"]["/door/{name}"]) == {"post", "get"}
