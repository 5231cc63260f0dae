"""Slack at work: the desk that follows, messages that become follow-ups and leads, searches within a person's right."""

import pytest

from tests.doubles.slack import APP_TOKEN, Message
from tests.doubles.slack_socket import SocketDouble
from tests.drivers.base import Seen
from tests.drivers.slack import SlackDriver
from tests.drivers.slack_wire import unique
from tests.loop.conftest import *  # noqa: F403
from webhooks.slack import Door
from webhooks.slack_socket import Socket


@pytest.fixture
def ann(world) -> SlackDriver:
    return world.chat("slack", "ann")


def message(world, text: str) -> Message:
    """Somebody's words in the channel."""
    return world.slack.show(Message(f"C{world.acme.org_id}OPEN", "1700000055.000100", text, []))


def home_of(world, who: SlackDriver) -> str:
    """All that is written on the home page as it stands."""
    return str(world.slack.homes[who.user]["blocks"])


def test_the_desk_shows_what_there_is_and_follows_what_is_done(world, ann):
    mine = world.lead(owner="ann", name="Lu Wei")
    free = world.lead(pool="open", name="Mary Poppins")
    ann.says("start")
    page = ann.opens_home()
    assert mine in str(page.raw)
    assert free in str(page.raw)
    published = world.slack.count("views.publish")
    ann.says(f"log {mine} called, call back today 23:50")
    ann.says(f"note {mine} likes tea")
    world.run_jobs()
    assert "23:50" in home_of(world, ann)
    assert world.slack.count("views.publish") == published + 1


def test_a_home_page_that_nobody_looked_at_for_a_day_is_left_alone(world, ann):
    ann.says("start")
    ann.opens_home()
    published = world.slack.count("views.publish")
    world.time.advance(days=1, minutes=1)
    ann.says("on")
    world.run_jobs()
    assert world.slack.count("views.publish") == published


def test_a_lead_opened_on_the_desk_is_worked_on_in_a_modal(world, ann):
    ref = world.lead(owner="ann", name="Lu Wei")
    ann.says("start")
    page = ann.opens_home()
    view = {"id": "VH", "type": "home", "callback_id": ""}
    opened = ann.taps(type(page)(page.title, page.text, page.buttons, raw=page.raw, place=view), "Open")
    form = ann.taps(opened, "Log")
    done = ann.submits(form, note="called, wants a quote")
    assert "Logged" in done.title
    assert ref in str(done.raw)
    assert ann.inbox() == [each for each in ann.inbox() if "Logged" not in each.title]


def test_a_message_becomes_a_follow_up_by_its_menu(world, ann):
    ref = world.lead(owner="ann", name="Lu Wei")
    form = ann.picks("message.log", message(world, "She called back and wants a quote"))
    assert form.inputs == ("lead", "note", "outcome", "next")
    assert [option["value"] for option in ann.options(form, "lead", "Lu W")] == [ref]
    done = ann.submits(form, lead=ref)
    assert "wants a quote" in done.text
    assert "wants a quote" in ann.says(f"lead {ref}").text


def test_a_lost_lead_is_asked_for_the_reason_where_it_is_told(world, ann):
    ref = world.lead(owner="ann", name="Lu Wei")
    form = ann.picks("message.log", message(world, f"{ref} bought elsewhere"))
    asked = ann.chooses(form, outcome="lost")
    assert "reason" in asked.inputs
    ann.submits(asked, outcome="lost", reason="competitor")
    assert "competitor" in ann.says(f"why {ref}").text + ann.says(f"lead {ref}").text


def test_a_message_becomes_a_lead_by_its_menu(world, ann):
    form = ann.picks("message.new", message(world, "Please call Mary Poppins, Tea House Ltd, 13800138000"))
    assert "13800138000" in str(form.raw)
    shown = ann.submits(form)
    saved = ann.taps(shown, "I found them: mine")
    assert "Mary Poppins" in saved.text


def test_a_reply_under_a_card_is_logged_after_one_tap(world):
    ref = world.arrives(by_rule=True, name="Lu Wei")
    team = [world.chat("slack", name) for name in ("ann", "bob", "cyd")]
    ann, card = next((who, each) for who in team for each in who.inbox() if ref in each.text)
    asked = ann.writes("visited her, wants a quote", thread=card.place.ts)
    assert "Log this" in asked.title
    assert ann.taps(asked, "Log it").title.startswith("Logged")


@pytest.mark.parametrize(("words", "found"), [("", True), ("Lu W", True), ("卢", False), ("Zhao", False)])
def test_leads_are_searched_within_the_right_of_the_person(world, ann, words, found):
    ref = world.lead(owner="ann", name="Lu Wei")
    world.lead(owner="bob", name="Zhao Lei")
    form = ann.picks("message.log", message(world, "called"))
    assert (ref in [option["value"] for option in ann.options(form, "lead", words)]) is found


def test_colleagues_are_searched_by_letters_of_their_names(world, ann):
    ref = world.lead(owner="ann", name="Lu Wei")
    form = ann.taps(ann.says(f"lead {ref}"), "Ask a colleague")
    assert ann.searches(form, "to", "bo") == ["Bob Chen"]
    assert "Bob Chen" in ann.searches(form, "to", "")
    [found] = ann.options(form, "to", "chen")
    asked = ann.submits(form, to=found["value"], question="can we give them 5%?")
    assert "Bob Chen" in asked.text


def test_a_stranger_finds_nobody(world):
    world.slack.user("U999", name="Stranger")
    stranger = SlackDriver(world.wire, "U999", run_jobs=world.run_jobs)
    view = {"id": "V1", "blocks": [{"type": "input", "block_id": "lead", "element": {"action_id": "v.lead"}}]}
    payload = world.wire.suggestion("U999", view, "lead", "v.lead", "Lu")
    assert world.wire.interact(payload).json() == {"options": []}
    assert stranger.inbox() == []


def shared(world, who: str, *urls: str):
    """Somebody pastes addresses into the channel."""
    said = {"type": "link_shared", "user": who, "channel": f"C{world.acme.org_id}OPEN"}
    said |= {"message_ts": "1700000060.000100", "links": [{"domain": "localhost", "url": url} for url in urls]}
    world.wire.push(world.wire.event(said, event_id=f"Ev{unique()}"))


def test_a_pasted_address_tells_what_everybody_may_see_and_shows_the_rest_by_right(world, ann):
    ref = world.lead(owner="ann", name="Lu Wei")
    base = world.bot.settings.public_url
    shared(world, ann.user, f"{base}/l/{ref}", f"{base}/l/L-99999", "https://elsewhere.example/l/L-1001")
    unfurled = world.slack.wait(lambda: world.slack.unfurls)
    assert list(unfurled) == [f"{base}/l/{ref}"]
    assert "Lu Wei" not in str(unfurled)
    assert "+86" not in str(unfurled)
    blocks = unfurled[f"{base}/l/{ref}"]["blocks"]
    under = world.slack.show(Message(f"C{world.acme.org_id}OPEN", "1700000060.000100", "", blocks))
    seen = Seen("", "", raw={"blocks": under.blocks}, place=under)
    assert "Lu Wei" in ann.taps(seen, "Show").text
    assert "Lu Wei" not in world.chat("slack", "bob").taps(seen, "Show").text


def test_whoever_may_not_see_a_lead_cannot_learn_of_it_by_its_address(world, ann):
    bobs = world.lead(owner="bob", name="Zhao Lei")
    mine = world.lead(owner="ann", name="Lu Wei")
    base = world.bot.settings.public_url
    shared(world, ann.user, f"{base}/l/{bobs}", f"{base}/l/{mine}")
    assert list(world.slack.wait(lambda: world.slack.unfurls)) == [f"{base}/l/{mine}"]


def test_a_tap_on_a_digest_opens_the_leads_behind_it_by_the_right_of_the_person(world, ann):
    world.lead(owner="ann", name="Lu Wei")
    world.lead(owner="bob", name="Zhao Lei")
    mia = world.chat("slack", "mia")
    digest = mia.says("digest")
    opened = mia.taps(digest, "New (2)")
    assert "Lu Wei" in opened.text
    assert "Zhao Lei" in opened.text
    assert isinstance(opened.place, dict)
    under = world.slack.show(Message(f"C{world.acme.org_id}OPEN", "1700000070.000100", "Digest", digest.raw["blocks"]))
    seen = ann.taps(Seen("", "", raw={"blocks": under.blocks}, place=under), "New (2)")
    assert "Zhao Lei" not in seen.text
    assert "Lu Wei" in seen.text
    assert under.edits == 0


def test_the_thread_under_a_card_is_the_history_of_its_lead(world):
    ref = world.arrives(by_rule=True, name="Lu Wei")
    team = [world.chat("slack", name) for name in ("ann", "bob", "cyd")]
    owner, card = next((who, each) for who in team for each in who.inbox() if ref in each.text)
    owner.taps(card, "No answer")
    owner.says(f"log {ref} called, wants a quote")
    world.run_jobs()
    under = [each.text for each in world.slack.standing(owner.private) if each.thread == card.place.ts]
    assert len(under) == 2
    assert "No answer" in under[0]
    assert "wants a quote" in under[1]
    assert "claimed" not in "".join(under)


def test_the_whole_house_answers_over_a_socket_and_acts_once(world, ann):
    ref = world.lead(pool="open", name="Lu Wei")
    world.slack.socket = SocketDouble()
    door = Door(world.bot)
    connection = Socket(door, token=APP_TOKEN, api_url=world.slack.api_url, look_every=0.02)
    connection.start()
    asked = world.wire.command_fields(ann.user, f"claim {ref}", ann.private)
    answers = [world.slack.socket.answer(world.slack.socket.send("slash_commands", asked)) for _ in range(2)]
    connection.close()
    door.close()
    world.slack.socket.stop()
    assert [ref in answer["text"] for answer in answers] == [True, True]
    assert world.count("select count(*) from assignment") == 1
