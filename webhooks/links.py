"""Addresses of leads, good to be pasted anywhere: whoever opens one is told where to look, and nothing else.

The page knows no lead and asks for no password; who may see what is decided in the chat.
"""

from __future__ import annotations

import re

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

REF = re.compile(r"L-[0-9]{1,12}", re.IGNORECASE)
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width"><title>{ref}</title>
<p>{ref} is a lead in Sluice. Open your chat with Sluice and type <code>lead {ref}</code>.</p>
<p lang="zh">{ref} 是 Sluice 里的一条线索。在与 Sluice 的聊天里输入 <code>线索 {ref}</code>。</p></html>"""


def router() -> APIRouter:
    """`/l/L-1042`."""
    routes = APIRouter(tags=["links"])

    @routes.get("/l/{ref}", response_class=HTMLResponse, responses={404: {"description": "No address of a lead."}})
    def lead(ref: str) -> HTMLResponse:
        """Where to look."""
        if not REF.fullmatch(ref):
            return HTMLResponse("<!doctype html><title>Sluice</title><p>There is no such page.", 404)
        return HTMLResponse(_PAGE.format(ref=ref.upper()), headers={"Cache-Control": "public, max-age=86400"})

    return routes


def ref_in(url: str, base: str) -> str:
    """The lead that an address of ours names; empty for any other address."""
    head, _, ref = url.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0].rstrip("/").rpartition("/l/")
    return ref.upper() if head.lower() == base.lower() and REF.fullmatch(ref) else ""
