"""A small sheet dropped into the chat: its rows are heard as if they had been pasted."""

from __future__ import annotations

import base64
import io
from itertools import islice

from crm import sheets
from webhooks.playground.bodies import Upload
from webhooks.playground.guard import Refused

MOST_ROWS = 200


def pasted(sent: Upload) -> str:
    """The sheet as tab-separated lines, its header first. Raises Refused(422) for what is no table."""
    try:
        sheet = sheets.read(io.BytesIO(base64.b64decode(sent.data, validate=True)))
        return "\n".join(_line(row) for row in [sheet.header, *islice(sheet.rows, MOST_ROWS)])
    except sheets.SheetError as exc:
        raise Refused(422, str(exc)) from None
    except ValueError:  # base64 says so in two ways: of wrong letters, and of letters that are not ASCII
        raise Refused(422, "data: the file's bytes in base64 are expected.") from None


def _line(row: list[str]) -> str:
    return "\t".join(" ".join(cell.split()) for cell in row)
