"""After whatever cannot be taken back, an undo says so, and takes back nothing that is older."""

from __future__ import annotations

from unittest.mock import ANY

import pytest

from bot import router
from tests import build
from tests.bot.cards.samples import recycle_stopped
from tests.bot.cards.samples_of_aside import parked
from tests.bot.cards.samples_of_events import EXPO
from tests.bot.cards.samples_of_merging import KNOWN, comes, shown, two
from tests.bot.cards.samples_of_offers import offered_to
from tests.bot.cards.samples_of_rules import number, rehearsed
from tests.bot.cards.samples_of_sheets import shown as dropped
from tests.bot.cards.scene import Scene
from tests.bot.deeds import Done, do, free, owned
from tests.bot.test_undo_of_everything import WHY_NOT, named

# Rows of the other table that change nothing themselves, or are an undo; and what is seen elsewhere.
ELSEWHERE = {
    "event.undo": "an undo", "log.set": "undo takes back the follow-up", "log.move": "likewise",
    "merge.undo": "an undo",
    "privacy erase": "a question", "command": "whatever was typed", "notify.quiet": "notify", "notify.set": "notify",
    "notify.fewer": "notify", "line.pick": "the kept command", "line.instead": "the kept command",
    "line.create": "a new lead, which undo takes back", "line.attach": "a follow-up, which undo takes back",
    "share": "a colleague's, in the other table", "ask": "likewise", "list": "likewise", "save": "likewise",
    "answer": "a question's", "question.decline": "likewise", "question.done": "likewise", "list.remove": "likewise",
    "link": "who was nobody before has changed nothing", "dead": "what is dead is older than a company",
    "rewind": "a run's", "file.erase": "a file's", "event material": "a file's or address's",
    "sources retry": "a vendor's", "hand_over.back": "its other button's", "event link": "event change's",
    "event.close": "event close", "event.open": "event open", "event open": "event close",
    "member.left": "member left", "member.back": "member back", "member back": "member left",
    "member.change": "member", "bulk.undo": "an undo", "rules.again": "rules", "hand_over.do": "member left",
    "transfer.duties": "member left",
}  # fmt: skip


def expo(scene: Scene) -> str:
    return str(scene.say("mia", EXPO).reply.args["event"])


def pair(scene: Scene) -> str:
    comes(scene)
    return str(scene.owed("duplicate.found", "mia").reply.args["pair"])


def look_alike(scene: Scene) -> str:
    scene.lead(owner="ann", **KNOWN)
    return str(scene.say("bob", "new 王芳 腾云科技有限公司 13911112222").reply.args["job"])


def merged(scene: Scene) -> str:
    ref, other = two(scene)
    shown(scene, "mia", ref, other)
    return ref


def to_reveal(scene: Scene) -> str:
    with scene.uow() as uow:
        build.rule_set(uow, "claim: {reveals_per_day: 3}")
    return free(scene)


def to_erase(scene: Scene) -> str:
    ref = owned(scene)
    with scene.uow() as uow:
        return f"{ref} {build.read(uow, scene.id_of(ref)).person_id}"


def run(scene: Scene) -> str:
    return str(recycle_stopped(scene).reply.args["run"])


TAPS = {
    "event close": Done("mia", tap="event.close {lead}", given=expo),
    "reveal": Done("ann", "reveal {lead}", given=to_reveal),
    "decline": Done("ann", "decline {lead} not my product", given=lambda scene: offered_to(scene)[0]),
    "rules.apply": Done("mia", tap="rules.apply {lead}", given=lambda scene: number(rehearsed(scene))),
    "rules.discard": Done("mia", tap="rules.discard {lead}", given=lambda scene: number(rehearsed(scene))),
    "recycle.approve": Done("mia", tap="recycle.approve {lead}", given=run),
    "recycle.postpone": Done("mia", tap="recycle.postpone {lead}", given=run),
    "unhold, of a parked lead": Done("ann", "unhold {lead}", given=parked),
    "duplicate.ask": Done("bob", tap="duplicate.ask {lead}", given=look_alike),
    "duplicate.decide": Done("mia", tap="duplicate.decide {lead} same", given=pair),
    "sheet.field": Done("mia", tap="sheet.field {lead} 2 name", given=lambda scene: str(dropped(scene))),
    "sheet.confirm": Done("mia", tap="sheet.confirm {lead} company", given=lambda scene: str(dropped(scene))),
    "sheet.cancel": Done("mia", tap="sheet.cancel {lead}", given=lambda scene: str(dropped(scene))),
    "unmerge": Done("mia", "unmerge {lead}", given=merged),
    "privacy.erase_now": Done("ada", tap="privacy.erase_now {lead}", given=to_erase),
}
# Said one after the other in one company.
WORDS = {
    "event change": "mia event change Spring Expo, Hall 5",
    "form": "mia form web fields name*, phone*",
    "cost": "ada cost web 1000",
    "digest": "mia digest off",
    "leave": "ann leave 6 March",
    "pools": "ada pools North add @Max",
    "rules": "mia rules set claim.per_day 20",
    "rules pause": "mia rules pause web leads until Friday 18:00 new prices",
    "rules resume": "mia rules resume web leads",
    "shadow.begin": "ada shadow.begin",
    "shadow.live": "ada shadow.live",
    "here": "mia here North appchat chat-7",
    "admin": "ada admin @Mia",
    "admin, a code": "ada admin code @Mia",
    "admin remove": "ada admin remove @Mia",
    "modules": "ada modules off digests",
    "tokens": "ada tokens new ERP",
    "tokens, revoked": "ada tokens revoke 1",
    "hooks": "ada hooks new https://erp.acme.example/in",
    "hooks, off": "ada hooks off 1",
    "hooks, rotated": "ada hooks rotate 1",
    "sources": "ada sources new Ads using meta",
    "sources set": "ada sources set ads page_token EAAB",
    "sources fields": "ada sources fields ads field_1=name",
    "sources, rotated": "ada sources rotate ads",
    "sources, off": "ada sources off ads",
    "privacy export": "ada privacy export {lead}",
    "privacy stop": "ada privacy stop {lead} a dispute",
    "privacy resume": "ada privacy resume {lead}",
    "privacy allow": "ada privacy allow 13800001112",
    "member": "ada member @Ann role manager",
    "team": "ada team new East",
    "duty": "mia duty @Ann Mon-Fri 9-18",
    "member left": "mia member left @Ann",
}


def test_each_command_that_stays_has_a_row_here():
    rows = {*map(named, TAPS), *map(named, WORDS), *map(named, ELSEWHERE)}
    assert set(map(named, WHY_NOT)) - rows == set()


@pytest.mark.parametrize("row", TAPS)
def test_undo_right_after_it_takes_back_nothing_older(row, database, time):
    scene, step = Scene(database, time), TAPS[row]
    about, older = step.given(scene), scene.lead(pool="open", name="Jo Lee")
    scene.say(step.who, f"star {older}")
    scene.time.advance(seconds=2)
    assert (do(scene, step, about), scene.say(step.who, "undo").reply.name) == (ANY, "stays")


def test_undo_right_after_each_of_these_words_takes_back_nothing_older(database, time):
    scene = Scene(database, time)
    lead = scene.dealt()
    scene.say("mia", EXPO)
    for who in ("ada", "mia", "ann"):
        scene.say(who, f"star {lead}")
    assert {row: answered(scene, line.format(lead=lead)) for row, line in WORDS.items()} == dict.fromkeys(
        WORDS, "stays"
    )


def answered(scene: Scene, line: str) -> str:
    """The answer to an undo right after the line, or after a button that has no value."""
    who, _space, words = line.partition(" ")
    scene.time.advance(seconds=2)
    does = scene.tap if words in router.actions() else scene.say
    does(who, words)
    return str(scene.say(who, "undo").reply.name)


@pytest.mark.parametrize("words", ["star", "unstar"])
def test_a_card_of_a_star_has_no_button_that_takes_back_something_else(words, database, time):
    scene = Scene(database, time)
    lead = owned(scene)
    scene.say("ann", f"star {lead}")
    scene.say("ann", f"remind {lead} tomorrow 3pm")
    card = scene.draw(scene.say("ann", f"{words} {lead}"))
    assert "undo" not in [button.action for button in card.buttons()]
