"""Pieces of other chats: what WeChat, WhatsApp and Slack put onto the clipboard, and what only looks like it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.understanding.excerpt import find_excerpt

NOW, HERE = datetime(2026, 3, 4, 2, tzinfo=UTC), ZoneInfo("Asia/Shanghai")
PIECES = {
    "WhatsApp on iPhone": ("[03/03/2026, 14:05:33] Ann: hi\n[03/03/2026, 14:06:00] Lu Wei: a quote?", "03-03 14:06"),
    "WhatsApp on Android": ("03/03/2026, 14:05 - Lu Wei: hello\n03/03/2026, 14:06 - Ann: hi", "03-03 14:06"),
    "American": ("3/3/26, 2:05 PM - Lu Wei: hello", "03-03 14:05"),
    "WeChat": ("张三 2026/3/3 14:05:33\n价格多少？\n李娜 2026/3/3 14:06:10\n一套两万", "03-03 14:06"),
    "WeChat in words": ("李娜 3月3日 上午10:20\n在吗", "03-03 10:20"),
    "Slack": ("Lu Wei  9:05 AM\nhi\nAnn Li  9:06 AM\nhello there", "03-04 09:06"),
    "Slack, time apart": ("Lu Wei\n  [9:05 AM]\nhi\nAnn Li\n  [9:06 AM]\nhello", "03-04 09:06"),
    "yesterday": ("张三 昨天 14:05\n好的，明天签", "03-03 14:05"),
    "a time still to come": ("李娜 12:30\n您好\n王总 12:31\n发个报价吧", "03-03 12:31"),
    "half past midnight": ("Lu Wei 12:30 AM\nhi\nAnn 12:31 AM\nyes", "03-04 00:31"),
}


def found(text):
    return find_excerpt(text, now=NOW, tz=HERE, day_first=True)


@pytest.mark.parametrize(("text", "at"), PIECES.values(), ids=PIECES)
def test_a_piece_of_a_chat_has_its_own_time(text, at):
    assert found(text).at.astimezone(HERE).strftime("%m-%d %H:%M") == at


def test_it_tells_who_speaks_and_what_was_written_above_it():
    piece = found("L-12 look\n张三 2026/3/3 14:05:33\n价格多少？\n还有赠品吗\n李娜 2026/3/3 14:06:10\n一套两万")
    assert (piece.names, piece.before) == (["张三", "李娜"], "L-12 look")
    assert piece.messages[0].words == "价格多少？\n还有赠品吗"


@pytest.mark.parametrize(
    "text",
    [
        "called at 9:15, no answer",
        "Ann: yes to Thursday 10am at our showroom",
        "met 10:00\nleft 11:00",
        "Meeting moved to 14:00",
        "张三：你好 14:05",
        "99/99/2026, 14:05 - Lu Wei: hello",
        "Lu Wei  2:05 PM\nhi",
        "",
        "a" * 20_000,
    ],
)
def test_a_sentence_with_a_time_is_no_piece_of_a_chat(text):
    assert found(text) is None
