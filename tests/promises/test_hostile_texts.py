"""P9: whatever is read by a parser of ours comes out as something, or is refused in the parser's own way.

What comes from outside is drawn at random, and taken from proper examples of which a few bytes are turned around.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cards import fit, parser, wire
from bot.platforms import slack_forms, wecom_keys
from bot.understanding import events, excerpt, field_words, filters, money, paste, references, value_words
from crm import sheets
from crm.errors import Refusal
from crm.formats import mapping
from crm.period import Period
from crm.rules import catalogue_file, duty, periods, ruleset
from tests.rounds import rounds
from webhooks import ical, slack_payloads, wecom_envelope
from webhooks.intake import mail
from webhooks.intake.post import TurnedAway

NOW, ZONE = datetime(2026, 3, 4, 2, tzinfo=UTC), ZoneInfo("Asia/Shanghai")
TRIES = rounds(short=10, full=2000)
YAML = "abc:{}[]-#&*!|>'\"%@`, \n\t0123=?<."
MAIL = b"\r\n".join(
    (
        b"From: Lu Wei <lu@tea.example>", b"Reply-To: =?utf-8?q?Lu?= <lu@tea.example>",
        b"Subject: Fwd: =?gb2312?B?xOO6ww==?=", b"Message-ID: <1@tea.example>", b"MIME-Version: 1.0",
        b'Content-Type: multipart/alternative; boundary="b"', b"", b"--b", b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: base64", b"", b"5L2g5aW9IDEzODAwMTM4MDAw", b"--b",
        b"Content-Type: text/html; charset=gb18030", b"Content-Disposition: attachment; filename*=utf-8''a%20b.html",
        b"", b"<p>hi", b"--b--", b"",
    )
)  # fmt: skip
WECOM = (
    b"<xml><ToUserName><![CDATA[ww1]]></ToUserName><AgentID>1000002</AgentID><Encrypt><![CDATA[abc=]]></Encrypt></xml>"
)
CARD = b'<card title="A" version="3"><fields><field label="a" value="b"/></fields><button action="x" label="y"/></card>'
FORM = b'<form action="a" title="b" submit="c"><input name="n" label="l" kind="text"/></form>'
SLACK = b'{"type":"block_actions","user":{"id":"U1"},"team":{"id":"T1"},"actions":[{"type":"button","action_id":"a"}]}'


def workbook() -> bytes:
    """A proper spreadsheet, whose parts are not packed, so that a turned byte reaches the reader."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "remove_timezone": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["name", "phone"])
        page.write_row(1, 0, ["Ann", 13800138000])
        page.write_formula(2, 0, "=1+1", value=2)
        page.write_boolean(2, 1, True)
        page.write_datetime(3, 0, datetime(2026, 1, 1), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
    plain = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as new:
        for part in old.namelist():
            new.writestr(part, old.read(part))
    return plain.getvalue()


@st.composite
def turned(draw: Any, whole: bytes) -> bytes:
    """Some bytes of it are others, doubled or gone."""
    changed = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(changed) - 1))
        length = draw(st.integers(0, 12))
        changed[at : at + length] = draw(
            st.binary(max_size=12) | st.sampled_from([b"\x00", b"\xff\xfe", b"&#0;", b'"', b"<"])
        )
        changed = changed or bytearray(b"x")
    return bytes(changed)


def rows_of(content: bytes) -> object:
    return list(sheets.read(io.BytesIO(content)).rows)


@dataclass(frozen=True)
class Parser:
    """What reads, from what, and how it refuses."""

    read: Callable[[Any], object]
    drawn: st.SearchStrategy[Any]
    refuses: tuple[type[Exception], ...] = ()


WORDS = st.text(max_size=80) | st.text(alphabet="0123456789.,:-/ +%¥$万kKdhwm个天周月年的至到~LA#@=<>", max_size=40)
RULES = st.text(alphabet=YAML, max_size=60) | st.sampled_from(
    [
        "a: 2026-13-45",
        "? [a]\n: b",
        "[" * 3000,
        "{a: " * 3000,
        "&a [*a]",
        "a: !!python/object:os.system x",
        "\x00",
        "9: 9",
    ]
)
BOMS = st.sampled_from([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b""])
TABLES = st.builds(
    bytes.__add__,
    BOMS,
    st.binary(max_size=120) | st.text(alphabet='name,phone;\t|"\n\r 王138\x00', max_size=80).map(str.encode),
)
PARSERS = {
    "a table": Parser(rows_of, TABLES, (sheets.SheetError,)),
    "a spreadsheet": Parser(rows_of, turned(workbook()), (sheets.SheetError,)),
    "an e-mail": Parser(lambda raw: mail.item_of(raw, "CN"), turned(MAIL) | st.binary(max_size=200), (TurnedAway,)),
    "an envelope of WeCom": Parser(
        wecom_envelope.read, turned(WECOM) | st.binary(max_size=100), wecom_envelope.BAD_INPUT
    ),
    "a request of Slack": Parser(
        lambda body: slack_payloads.read(body, "application/json"),
        turned(SLACK) | st.binary(max_size=100),
        (slack_payloads.BadShape,),
    ),
    "a card": Parser(
        lambda xml: parser.parse_card(xml.decode(errors="replace"), {}), turned(CARD), (parser.CardMistake,)
    ),
    "a form": Parser(lambda xml: parser.parse_form(xml.decode(errors="replace")), turned(FORM), (parser.CardMistake,)),
    "rules": Parser(ruleset.parse, RULES, (Refusal,)),
    "a mapping": Parser(mapping.parse, RULES, (mapping.MappingError,)),
    "lists": Parser(catalogue_file.parse, RULES, (Refusal,)),
    "a key of WeCom": Parser(lambda key: wecom_keys.read(key, {"q": key}), WORDS),
    "a button's value": Parser(wire.unpack, WORDS),
    "a modal's notes": Parser(slack_forms.read_metadata, WORDS, (ValueError, RecursionError)),
    "a period": Parser(lambda words: periods.parse(words, NOW, ZONE), WORDS, (ValueError,)),
    "a length": Parser(Period.parse, WORDS, (ValueError,)),
    "a shift": Parser(duty.parse, WORDS, (Refusal,)),
    "filters": Parser(filters.read_filters, WORDS),
    "money": Parser(money.bare_money, WORDS),
    "an event": Parser(lambda words: events.understood(words, now=NOW, tz=ZONE, locale="zh_CN"), WORDS, (Refusal,)),
    "a chat": Parser(lambda words: excerpt.find_excerpt(words, now=NOW, tz=ZONE), WORDS),
    "pasted rows": Parser(paste.split_rows, WORDS),
    "references": Parser(references.find_references, WORDS),
    "a field": Parser(field_words.read_field, WORDS),
    "settings of a field": Parser(field_words.read_settings, WORDS),
    "a list's verb": Parser(value_words.read_verb, WORDS),
    "a value's name": Parser(value_words.read_name, WORDS),
}


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=TRIES, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_read_is_understood_or_refused(name: str, data: st.DataObject) -> None:
    reading = PARSERS[name]
    written = data.draw(reading.drawn)
    with suppress(*reading.refuses):
        reading.read(written)


@settings(max_examples=TRIES, database=None)
@given(text=st.text(max_size=300))
def test_a_line_of_a_calendar_ends_where_ours_ends(text: str) -> None:
    lines = "".join(ical.folded(f"SUMMARY:{ical.escaped(text)}"))
    assert lines.endswith("\r\n")
    assert max(len(line.encode()) for line in lines.split("\r\n")) <= ical.LINE
    assert len(lines.replace("\r\n ", "").splitlines()) == 1


@settings(max_examples=TRIES, database=None)
@given(text=st.text(max_size=60))
def test_what_is_cleaned_holds_nothing_that_a_database_or_a_chat_refuses(text: str) -> None:
    clean = fit.clean(text)
    assert "\x00" not in clean
    clean.encode()
