"""P25 in Slack: text of a lead can neither ping, link nor format, wherever it stands."""

import json
import re

import pytest

from bot.cards.model import Actions, Button, Card, Field, Fields, Form, Image, Input, Option, Row, Select, Text
from bot.platforms import slack_blocks, slack_forms

HOSTILE = [
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<!subteam^S1|@sales>",
    "<!date^1764547200^{date}|soon>",
    "<@U0BOSS>",
    "<#C0ALL|all>",
    "<http://evil.example|Your bank>",
    "<mailto:a@b.c|mail>",
    "https://evil.example/login",
    "www.evil.example",
    "boss@evil.example",
    "&lt;!channel&gt;",
    "&amp;lt;!channel&amp;gt;",
    "*bold* _it_ ~no~",
    "`code` ```block```",
    "> quoted\n> twice",
    "@channel @here @everyone",
    "\u202eevil\u202c\u200bname",
    "a\nb\r\nc\x00d",
    '"}],"blocks":[]',
    "{{ lead.name }} {% if %}",
    "：:smile: 😀" * 30,
    "1. *\n• <",
]
LIVE = re.compile(r"<[!@#]|<https?:|<mailto:")


def card(text: str) -> Card:
    return Card(
        text,
        (
            Text(text),
            Text(text, "strong"),
            Text(text, "quiet"),
            Fields((Field(text, text), Field("Label", text))),
            Row(text, text, (Button("a", text, "1", confirm=text),)),
            Row("Row", text, (Button("a", text, "1"), Button("b", text, "1"))),
            Image(b"", text),
            Actions((Button("c", text, "1"), Select("d", text, (Option("1", text),)))),
        ),
        footer=text,
    )


def parsed_texts(blocks: object) -> list[str]:
    """Every text that Slack parses: the mrkdwn ones."""
    return re.findall(r'"type": "mrkdwn", "text": ("(?:[^"\\]|\\.)*")', json.dumps(blocks))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_parsed_text_holds_a_live_mention_or_link(text):
    for parsed in map(json.loads, parsed_texts(slack_blocks.blocks(card(text)))):
        assert not LIVE.search(parsed)
        assert "://" not in parsed
        assert not re.search(r"[_~`@]", parsed)
        assert parsed.count("*") in {0, 2}
        assert not re.search(r"^\s*&gt;", parsed, re.MULTILINE)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_fallback_text_is_escaped_exactly_once(text):
    said = slack_blocks.text(Card("Lead", (Text(text),)))
    unescaped = said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", said)
    assert unescaped == Card("Lead", (Text(slack_blocks.fit.clean(text)),)).plain().strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_invisible_or_reordering_reaches_slack(text):
    sent = json.dumps(slack_blocks.message(card(text)), ensure_ascii=False)
    assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069\x00]", sent)


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_is_left_as_it_was_typed(text):
    shown = slack_blocks.blocks(Card("Lead", (Text(text),)))[1]["text"]
    assert shown == {"type": "plain_text", "text": slack_blocks.fit.clean(text).strip(), "emoji": False}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_form_holds_plain_text_only(text):
    form = Form(
        "a", text, text, (Input("n", text, value=text, hint=text), Input("s", text, "select", (Option("1", text),)))
    )
    assert "mrkdwn" not in json.dumps(slack_forms.view(form))
