"""What is sent to Sluice from elsewhere: pictures, recordings and pieces of other chats become follow-ups."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.interaction import File
from tests import build
from tests.bot.asking import ask, says, shown, taps, told
from tests.drivers.playground import PlaygroundDriver
from tests.world import World

PNG = b"\x89PNG\r\n\x1a\n and so on"
CHAT = "[03/03/2026, 14:05:33] Ann Li: hello\n[03/03/2026, 14:06:00] Lu Wei: send me a quote for 20 seats please"
WECHAT = "陆伟 2026/3/3 14:05:33\n能报个价吗\n李娜 2026/3/3 14:06:10\n好的"
KEPT = "select count(*) from attachment where state = 'kept' and lead_id is not null and activity_id is not null"


def drops(
    world: World, content: bytes = PNG, *, text: str = "", name: str = "card.png", mime: str = "image/png"
) -> Any:
    """Ann drops a file into the playground's private chat; the answer as the API tells it."""
    body = {
        "as": build.external("playground", "ann", world.acme.org_id), "name": name, "text": text,
        "data": base64.b64encode(content).decode(), "mime": mime,
    }  # fmt: skip
    where = {"workspace": f"playground-{world.acme.org_id}"}
    told = world.client.post("/playground/api/upload", params=where, json=body).json()
    world.run_jobs()
    return told["answer"]


def logged(world: World) -> int:
    return world.count("select count(*) from activity where verb = 'logged'")


def test_a_picture_with_a_lead_named_is_a_follow_up_with_the_file(world: World) -> None:
    ref = world.lead(owner="ann", name="Lu Wei")
    answer = drops(world, text=f"{ref} met at the fair, wants a quote")
    assert "wants a quote" in answer["plain"]
    assert world.count(KEPT) == 1
    assert "card.png" in told(world, f"lead {ref}")


def test_without_a_word_it_belongs_to_the_lead_dealt_with_last(world: World) -> None:
    ref = world.lead(owner="ann", name="Lu Wei")
    world.lead(owner="ann", name="Zoe")
    told(world, f"lead {ref}")
    assert ref in drops(world)["plain"]
    assert world.count(KEPT) == 1


def test_where_no_lead_is_meant_one_tap_says_which_and_nothing_is_sent_twice(world: World) -> None:
    refs = [world.lead(owner="ann", name=name) for name in ("Lu Wei", "Zoe")]
    asked = drops(world, text="met at the fair")
    assert logged(world) == 0
    line = world.count("select id from pending_line")
    ask(world, taps(world, "line.attach", f"{line} {refs[1]}"))
    assert world.count("select count(*) from activity where words = 'met at the fair'") == 1
    assert (asked["card"]["title"], world.count(KEPT)) == ("Which lead?", 1)


def test_what_is_no_picture_recording_or_paper_is_not_kept_and_that_is_said(world: World) -> None:
    ref = world.lead(owner="ann")
    wrong = (b"MZ\x90\x00", b"<svg onload=alert(1)>", b"%!PS", b" ")
    for content in wrong:
        drops(world, content, text=ref)
    user = build.external("playground", "ann", world.acme.org_id)
    ann = PlaygroundDriver(world.client, user, workspace=f"playground-{world.acme.org_id}")
    assert [card.title for card in ann.inbox()].count("I could not keep your file") == len(wrong)
    assert (world.count(KEPT), logged(world)) == (0, len(wrong))
    assert world.count("select count(*) from attachment where content is not null") == 0


def test_what_is_plainly_something_else_logs_nothing(world: World) -> None:
    ref = world.lead(owner="ann")
    answer = drops(world, b"MZ", text=ref, name="leads.exe", mime="application/x-msdownload")
    assert "pictures, recordings and PDF" in answer["plain"]
    assert (logged(world), world.count("select count(*) from attachment")) == (0, 0)


def test_a_link_shows_the_file_to_whoever_asked_for_some_minutes(world: World) -> None:
    ref = world.lead(owner="ann")
    drops(world, text=ref)
    number = world.count("select id from attachment")
    opened = ask(world, taps(world, "file.open", str(number)))
    [address] = [button.url for button in opened.card.buttons() if button.url]
    client = TestClient(world.client.app)
    found = client.get("/file/" + address.rpartition("/")[2])
    assert (found.content, found.headers["content-type"]) == (PNG, "image/png")
    assert "sandbox" in found.headers["content-security-policy"]
    assert "not here" in shown(ask(world, taps(world, "file.open", str(number), "bob")))
    world.time.advance(minutes=16)
    assert client.get("/file/" + address.rpartition("/")[2]).status_code == 404
    assert client.get("/file/nonsense").status_code == 404


def test_a_deleted_file_is_gone_for_good(world: World) -> None:
    drops(world, text=world.lead(owner="ann"))
    number = world.count("select id from attachment")
    ask(world, taps(world, "file.erase", str(number), "bob"))
    ask(world, taps(world, "file.erase", str(number)))
    assert (
        world.count("select count(*) from attachment where state = 'erased' and content is null and name is null") == 1
    )


def test_a_file_that_is_too_large_is_not_even_asked_for(world: World) -> None:
    world.lead(owner="ann")
    big = File("film.mp4", "video/mp4", 11 * 1024 * 1024, {"file": 1})
    assert "up to 10 MB" in shown(ask(world, says(world, "", kind="file", files=(big,))))
    assert world.count("select count(*) from attachment") == 0


@pytest.mark.parametrize(("text", "name"), [(CHAT, "Lu Wei"), (WECHAT, "陆伟")])
def test_a_piece_of_another_chat_is_a_follow_up_of_its_own_time(world: World, text: str, name: str) -> None:
    world.lead(owner="ann", name=name)
    world.lead(owner="ann", name="Zoe")
    answer = told(world, text)
    assert name in answer
    assert "wants a quote" in answer
    assert world.count(
        "select count(*) from activity a join lead l on l.id = a.lead_id where l.followed_up_at = :now"
        " and a.data->>'occurred' like '2026-03-03T06:06%'", now=world.time(),
    )  # fmt: skip


def test_a_piece_of_a_chat_of_somebody_unknown_is_asked_about(world: World) -> None:
    refs = [world.lead(owner="ann", name=name) for name in ("Ida", "Zoe")]
    assert "Which lead?" in told(world, CHAT)
    ask(world, taps(world, "line.attach", f"{world.count('select id from pending_line')} {refs[0]}"))
    assert world.count("select count(*) from activity where words like '%20 seats%'") == 1


def test_a_picture_in_slack_is_fetched_and_kept(world: World) -> None:
    ref = world.lead(owner="ann", name="Lu Wei")
    answer = world.chat("slack", "ann").drops("card.png", PNG, f"{ref} met at the fair")
    assert "Logged: Lu Wei" in answer.title
    assert world.count(KEPT) == 1


def test_a_voice_message_in_wecom_is_picked_for_its_lead(world: World) -> None:
    refs = [world.lead(owner="ann", name=name) for name in ("Lu Wei", "Zoe")]
    ann = world.chat("wecom", "ann")
    media = world.wecom.uploaded(b"#!AMR\n and so on")
    world.caller.call(ann.user, MsgType="voice", MediaId=media, Format="amr", MsgId=7001)
    world.run_jobs()
    asked = next(card for card in ann.inbox() if "Which lead?" in card.title)
    line = world.count("select id from pending_line")
    assert refs[0] in asked.text
    ask(world, taps(world, "line.attach", f"{line} {refs[0]}"))
    assert world.count(KEPT + " and mime = 'audio/amr'") == 1
