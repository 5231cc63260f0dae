"""The least that a door for leads can do: FastAPI reads a JSON body, a thread inserts it as one row and commits.

`python -m bench.bare_post`, with a pool as large as Sluice's own.
"""

from __future__ import annotations

import json
import os

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from psycopg_pool import ConnectionPool
from starlette.concurrency import run_in_threadpool

from crm.settings import Settings

INSERT = "insert into bare_lead (name, phone, company, body) values (%s, %s, %s, %s) returning id"
TABLE = """
    create table if not exists bare_lead
        (id bigint generated always as identity primary key, name text, phone text unique, company text, body jsonb)
"""
app = FastAPI()
pool = ConnectionPool(os.environ["BENCH_DATABASE"], min_size=1, max_size=Settings().pool_size, open=False)


@app.post("/intake/{_}", status_code=201)
async def take_in(request: Request) -> JSONResponse:
    return JSONResponse({"ref": await run_in_threadpool(_insert, await request.body())}, 201)


def _insert(body: bytes) -> str:
    values = json.loads(body)
    with pool.connection() as line:
        row = line.execute(INSERT, [values["name"], values["phone"], values["company"], body.decode()]).fetchone()
        assert row is not None
        return f"L-{row[0]}"


if __name__ == "__main__":
    with pool:
        with pool.connection() as line:
            line.execute(TABLE)
        uvicorn.run(app, host="127.0.0.1", port=int(os.environ["SLUICE_PORT"]), log_level="warning", access_log=False)
