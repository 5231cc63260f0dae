"""P25 from the database to the screen: whatever people are called, no card mentions, links, formats or breaks.

Each sample comes about in plain words; then everybody and everything in the company gets a hostile name, and the card
is drawn again and rendered for every platform.
"""

import json
import re
from zlib import crc32

import pytest

from bot.cards import fit
from bot.cards.model import Actions, Button, Card, Fields
from bot.platforms import slack_blocks, wecom_cards
from tests.bot.cards import fitting
from tests.bot.cards.every_sample import SAMPLES
from tests.bot.cards.scene import Scene
from tests.bot.platforms.test_slack_injection import LIVE as LIVE_IN_SLACK
from tests.bot.platforms.test_slack_injection import parsed_texts
from tests.bot.platforms.test_wecom_text import LIVE as LIVE_IN_WECOM
from tests.rounds import rounds

HOSTILE = (
    "<!channel> <@U0BOSS> <#C0ALL|all>",
    "<!subteam^S1|@sales> <!here|here> @all",
    "<http://x|bank> [bank](http://evil.example)",
    "<mailto:a@b.c|mail> https://evil.example/login",
    "&lt;!channel&gt; &amp;lt;@all&amp;gt; www.evil.example",
    "> quoted *bold* _it_ ~no~ **b** `code` ```block```",
    "# heading @所有人 看",
    '<font color="warning">x</font> <a href="http://evil.example">b</a>',
    "\u202egnp.exe\u202c ze\u200bro\u2066",
    "a\nb\r\n# c\n> d\n@ALL",
    ']]></row></card> "}],"blocks":[] O\'Brien & Co',
    "{{ 7 * 7 }} {% if %} %(n)s {ref} {0.__class__}",
    "客" * 300,
    "👩‍👩‍👧‍👦🚀" * 40,
    "\u0301" * 30 + "x",
)
NAMED = """
    with person as (update person set name = :t, company = :t, title = :t, note = :t where org_id = :o),
    member as (update member set name = :t where org_id = :o),
    pool as (update pool set name = :t where org_id = :o),
    team as (update department set name = :t where org_id = :o),
    source as (update source set name = :t where org_id = :o),
    place as (update conversation set name = :t where org_id = :o),
    stage as (update stage set name = :t, name_zh = :t where org_id = :o),
    task as (update task set words = :t where org_id = :o),
    list as (
        update saved_list set name = :t, wanted = jsonb_set(wanted, '{text}', to_jsonb(cast(:t as text)))
        where org_id = :o
    ),
    file as (update attachment set name = :t where org_id = :o),
    asked as (update question set words = :t where org_id = :o),
    event as (update event set name = :t, place = :t where org_id = :o),
    visitor as (update event_question set words = :t where org_id = :o),
    form as (update form set texts = jsonb_build_object('title', cast(:t as text)) where org_id = :o),
    line as (update activity set words = :t where org_id = :o)
    update lead set region = :t, lost_reason = :t where org_id = :o
"""
INVISIBLE = re.compile("[\u200b\u202a-\u202e\u2066-\u2069\x00-\x08]")
FONT = re.compile(r'<font color="(?:info|warning|comment)">(.*)</font>')
BOLD_OR_QUOTED = re.compile(r"^(?:\*\*(?P<bold>.*)\*\*|> (?P<quoted>.*))$", re.MULTILINE)
# Of the shapes of a card the plain one shows whatever people wrote; these say nothing of anybody.
OURS = re.compile(
    r"(?:http://127\.0\.0\.1:8000|https://crm\.example\.com)/"
    r"(?:intake/[a-z0-9-]+|api/v1/leads|(?:file|export)/[\w=-]+|f/[a-z0-9-]+(?:\?h=\w+)?|e/[a-z-]+(?:/codes)?)"
    r"|https://crm\.example/calendar/1-word\.ics|(?:slc_1|whsec)_[A-Z0-9]+"
)
SILENT = {"dismissed", "duty", "failed", "help", "language", "late", "recycle_stopped", "released"}
DRAWN = {"digest", "funnel"}
CARDS = sorted(name for name in set(SAMPLES) - SILENT - DRAWN if "-" not in name and not name.endswith("_form"))


@pytest.fixture
def drawn(database, time):
    """Draws a sample once for every hostile text."""

    def draw(name: str, texts: tuple[str, ...] = HOSTILE) -> dict[str, Card]:
        scene = Scene(database, time)
        shown = SAMPLES[name](scene)
        found = {}
        for text in texts:
            scene.write(NAMED, t=text)
            found[text] = scene.draw(shown)
        return found

    return draw


def some(name: str) -> tuple[str, ...]:
    """Every fifth text, beginning with another one for another card; all of them in the long form."""
    step = rounds(short=5, full=1)
    return HOSTILE[crc32(name.encode()) % step :: step]


@pytest.mark.parametrize("name", CARDS)
def test_no_card_mentions_links_or_breaks_whatever_people_are_called(name, drawn):
    for card in drawn(name, some(name)).values():
        check_slack(card)
        check_wecom(card)
        check_playground(card)


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_no_chart_breaks_whatever_people_are_called(name, drawn):
    for card in drawn(name, (" ".join(HOSTILE[:8]), "\n".join(HOSTILE[8:12]))).values():
        check_slack(card)
        check_wecom(card)


def test_a_hostile_name_is_shown_as_it_was_typed(drawn):
    for text, card in drawn("claimed").items():
        assert fit.one_line(text)[:40] in fit.one_line(card.title)


def check_slack(card: Card) -> None:
    fitting.check_slack(card)
    message = slack_blocks.message(card)
    assert not re.search(r"[<>]", message["text"])
    for parsed in map(json.loads, parsed_texts(message["blocks"])):
        assert not LIVE_IN_SLACK.search(parsed)
        assert not re.search(r"://|[_~`@]|^\s*&gt;", parsed, re.MULTILINE)
        assert parsed.count("*") in {0, 2}
    assert not INVISIBLE.search(json.dumps(message, ensure_ascii=False))


def check_wecom(card: Card) -> None:
    fitting.check_wecom(card)
    messages = [*wecom_cards.for_person(card), *wecom_cards.for_chat(card), wecom_cards.as_text(card)]
    for said in map(strings, messages):
        assert not LIVE_IN_WECOM.search(without_our_addresses(card, without_our_markup(said)))
        assert not INVISIBLE.search(said)


def check_playground(card: Card) -> None:
    fitting.check_playground(card)
    assert not INVISIBLE.search(card.plain())


def without_our_markup(said: str) -> str:
    """A WeCom text without the markup that we put around whole lines."""
    return BOLD_OR_QUOTED.sub(lambda line: line["bold"] or line["quoted"] or "", FONT.sub(r"\1", said))


def without_our_addresses(card: Card, said: str) -> str:
    """A text without the addresses that we made, in which nothing stands that anybody typed."""
    shown = [item.value for block in card.blocks if isinstance(block, Fields) for item in block.items if item.ours]
    buttons = [one for block in card.blocks if isinstance(block, Actions) for one in block.items]
    behind = [one.url for one in buttons if isinstance(one, Button) and one.url]
    assert all(map(OURS.fullmatch, shown + behind))
    return re.sub("|".join(map(re.escape, shown + behind)) or "(?!)", "", said)


def strings(message: object) -> str:
    """Every text of a message that a person sees."""
    match message:
        case dict():
            return "\n".join(strings(value) for key, value in message.items() if key not in {"key", "task_id"})
        case list():
            return "\n".join(map(strings, message))
        case str():
            return message
        case _:
            return ""
