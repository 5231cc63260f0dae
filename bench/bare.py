"""What the platforms' libraries alone can do: an acknowledgement by Bolt, a reply decrypted and sealed by wechatpy.

`python -m bench.bare` serves both in one process, in a thread pool as Sluice does, and without a database.
"""

from __future__ import annotations

import os

import uvicorn
import xmltodict
from fastapi import FastAPI, Request, Response
from slack_bolt import Ack, App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from starlette.concurrency import run_in_threadpool
from wechatpy.enterprise import create_reply, parse_message
from wechatpy.enterprise.crypto import WeChatCrypto

from bench.signed import AES_KEY, SLACK_SECRET, TOKEN

WORDS = "Yours: Person 1 · Company 1 (L-1)"
bolt = App(
    signing_secret=SLACK_SECRET,
    process_before_response=True,
    authorize=lambda team_id: AuthorizeResult(enterprise_id=None, team_id=team_id, bot_token="xoxb-bench"),
)
app = FastAPI()


@bolt.command("/sluice")
def acknowledge(ack: Ack) -> None:
    ack(WORDS)


@app.post("/slack/events")
async def slack(request: Request) -> Response:
    body = (await request.body()).decode()
    said = await run_in_threadpool(bolt.dispatch, BoltRequest(body=body, headers=dict(request.headers)))
    return Response(said.body, said.status, media_type="application/json")


@app.post("/wecom/callback")
async def wecom(request: Request) -> Response:
    return await run_in_threadpool(_reply, await request.body(), dict(request.query_params))


def _reply(body: bytes, query: dict[str, str]) -> Response:
    envelope = xmltodict.parse(body)["xml"]
    crypto = WeChatCrypto(TOKEN, AES_KEY, envelope["ToUserName"])
    opened = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
    reply = create_reply(WORDS, parse_message(opened)).render()
    return Response(crypto.encrypt_message(reply, query["nonce"], query["timestamp"]), media_type="application/xml")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["SLUICE_PORT"]), log_level="warning", access_log=False)
