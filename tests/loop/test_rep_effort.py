"""The reps' own effort, counted: docs/rep-effort.md says how many taps, words and lines each thing takes, and this
drives the cards and holds the product to it. Product and page cannot differ, because the page is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.drivers.base import Driver, Seen
from tests.world import PLATFORMS, World

PAGE = Path(__file__).parents[2] / "docs/rep-effort.md"
ROW = re.compile(r"^\| *(?P<what>[^|]+?) *\| *(?P<words>\d+) *\| *(?P<pasted>\d+) *\| *(?P<taps>\d+) *\|", re.MULTILINE)
CARD = "张伟\n上海茶语贸易有限公司 采购经理\n手机 13912345678\nzhangwei@chayu.example\n微信号: chayu_zw"


def hidden(card: Seen) -> set[str]:
    """What stands in a menu of the card that has to be opened first."""
    elements = [each for block in card.raw.get("blocks", ()) for each in block.get("elements", ())]
    options = [
        option["text"]["text"] for each in elements if each.get("type") == "overflow" for option in each["options"]
    ]
    return {*options, *(entry["text"] for entry in card.raw.get("action_menu", {}).get("action_list", ()))}


@dataclass
class Counted:
    """A person whose every word, paste and tap is counted; what Sluice sends by itself costs nothing."""

    chat: Driver
    words: int = 0
    pasted: int = 0
    taps: int = 0
    last: Seen = field(default_factory=lambda: Seen("", ""))

    def says(self, text: str) -> Seen:
        self.words += len(text.split())
        self.last = self.chat.says(text)
        return self.last

    def pastes(self, text: str) -> Seen:
        self.pasted += 1
        self.last = self.chat.says(text)
        return self.last

    def tap(self, label: str, on: Seen | None = None) -> Seen:
        """Tap a button; what hides in a menu is two taps."""
        self.taps += 1 + (label in hidden(on or self.last))
        self.last = self.chat.taps(on or self.last, label)
        return self.last

    @property
    def effort(self) -> tuple[int, int, int]:
        return self.words, self.pasted, self.taps


Way = Callable[[World, Counted], int]
WAYS: dict[str, Way] = {}
# How a lead stands afterwards: each way has one of its own.
LEAD = "select count(*) from lead l where l.number = :n and "
LOGGED = "exists (select from activity a where a.lead_id = l.id and a.verb = 'logged' and {})"
REMINDED = "exists (select from task t where t.lead_id = l.id and t.state = 'open' and t.due_at > :now)"
KEYS = (
    "select count(*) from person p where p.name = '张伟' and p.company = '上海茶语贸易有限公司' and"
    " (select array_agg(k.kind || ' ' || k.value order by k.kind) from person_key k where k.person_id = p.id)"
    " = array['email zhangwei@chayu.example', 'phone +8613912345678', 'wechat chayu_zw']"
)


def way(what: str) -> Callable[[Way], Way]:
    """Register how a row of the page is done; it returns 1 when it has worked."""

    def register(done: Way) -> Way:
        WAYS[what] = done
        return done

    return register


def in_hand(world: World, ann: Counted, name: str) -> str:
    """A lead of Ann's whose card she looks at, some minutes later: WeCom takes only so many messages in one."""
    world.time.advance(minutes=5)
    ref = world.lead(owner="ann", name=name)
    ann.last = ann.chat.says(f"lead {ref}")
    return ref


def stands(world: World, ref: str, fact: str) -> int:
    return world.count(LEAD + fact, n=int(ref[2:]), now=world.time())


@way("Claim the best lead of the pool that you look at")
def claim_best(world: World, ann: Counted) -> int:
    world.lead(score=1)
    best = world.lead(score=9)
    ann.last = ann.chat.says("pool")
    ann.tap("Claim the best")
    return stands(world, best, "l.owner_id is not null")


@way("Log “no answer, try again tomorrow”")
def no_answer(world: World, ann: Counted) -> int:
    ref = in_hand(world, ann, "Ada")
    ann.tap("No answer")
    return stands(world, ref, LOGGED.format("a.data->>'outcome' = 'no_answer'") + " and " + REMINDED)


@way("Log a follow-up with its outcome, a note and the next time, on the lead that you just looked at")
def one_sentence(world: World, ann: Counted) -> int:
    ref = in_hand(world, ann, "Ben")
    ann.says("log called, wants a quote, call back tomorrow 3pm")
    return stands(world, ref, LOGGED.format("a.data->>'outcome' = 'quote_requested'") + " and " + REMINDED)


@way("Snooze a reminder for an hour")
def snooze(world: World, ann: Counted) -> int:
    ref = in_hand(world, ann, "Cal")
    ann.chat.says(f"remind {ref} in 2 hours send the offer")
    world.pass_time(hours=2)
    [due] = [card for card in ann.chat.inbox() if card.title.startswith("Due:")]
    ann.tap("+1 h", due)
    return stands(world, ref, REMINDED)


@way("See what to do now")
def today(_world: World, ann: Counted) -> int:
    return int("send the offer" in ann.says("today").text)


@way("See what to do now, from the card of a follow-up")
def today_by_tap(world: World, ann: Counted) -> int:
    in_hand(world, ann, "Dot")
    ann.last = ann.chat.says("log called, interested")
    return int("send the offer" in ann.tap("Today").text)


@way("Give a lead back, with a reason")
def release(world: World, ann: Counted) -> int:
    ref = in_hand(world, ann, "Eve")
    ann.tap("Release")
    ann.tap("not my region")
    return stands(world, ref, "l.owner_id is null and l.pool_id is not null")


@way("Say why you lost a lead, after tapping Lost")
def lost_by_tap(world: World, ann: Counted) -> int:
    ref = in_hand(world, ann, "Fay")
    ann.last = ann.chat.taps(ann.last, "Lost")
    ann.tap("price")
    return stands(world, ref, "l.status = 'lost' and l.lost_reason = 'price'")


@way("Say why you lost it in a word of your own, after tapping Lost")
def lost_by_word(world: World, ann: Counted) -> int:
    ref = in_hand(world, ann, "Gus")
    ann.chat.taps(ann.last, "Lost")
    ann.says("价格")
    return stands(world, ref, "l.status = 'lost' and l.lost_reason = '价格'")


@way("Enter a customer from a business card")
def business_card(world: World, ann: Counted) -> int:
    ann.pastes(CARD)
    ann.tap("I found them: mine")
    return world.count(KEYS)


@way("Log a follow-up on a lead that you name, where two are called alike")
def picked(world: World, ann: Counted) -> int:
    world.time.advance(minutes=5)
    refs = [world.lead(owner="ann", name="Lu Wei") for _ in range(2)]
    asked = ann.says("log Lu Wei called, wants a quote")
    ann.tap("This one", asked)
    return sum(stands(world, ref, LOGGED.format("a.words = 'called, wants a quote'")) for ref in refs)


@way("Log a follow-up on a customer who is not known yet")
def unknown(world: World, ann: Counted) -> int:
    ann.says("log Zzz called, wants a quote")
    form = ann.tap("Create Zzz")
    ann.pasted += 1
    ann.last = ann.chat.submits(form, name="Zzz", phone="13912340000")
    ann.taps += 1
    ann.tap("I found them: mine")
    return world.count(
        "select count(*) from activity a join lead l on l.id = a.lead_id join person p on p.id = l.person_id"
        " where p.name = 'Zzz' and a.verb = 'logged' and a.words = 'called, wants a quote'"
    )


def promised() -> dict[str, tuple[int, int, int]]:
    """The table of the page: what each thing takes."""
    rows = ROW.finditer(PAGE.read_text(encoding="utf-8"))
    return {row["what"]: (int(row["words"]), int(row["pasted"]), int(row["taps"])) for row in rows}


def test_the_page_and_the_ways_name_the_same_things() -> None:
    assert list(promised()) == list(WAYS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_takes_more_than_the_page_says(world: World, platform: str) -> None:
    chat = world.chat(platform, "ann")
    tried = {what: Counted(chat) for what in WAYS}
    worked = {what: WAYS[what](world, ann) for what, ann in tried.items()}
    assert worked == dict.fromkeys(WAYS, 1)
    assert {what: ann.effort for what, ann in tried.items()} == promised()
