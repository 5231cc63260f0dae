"""What an organization does without is not there: no word, no button, no notice, no duty, no route."""

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from bot import parts, router
from bot.cards.model import Actions, Button, Card, Row, Select
from bot.notices import NOTICES
from crm import jobs
from crm.errors import NotAllowed
from crm.errors_of_interfaces import ModuleNotFound
from crm.rules import periods
from crm.rules.modules import CORE, MODULES
from crm.services import api_tokens, attachments, downloads, events, feeds, forms, members, modules, sources
from crm.services.attachments import Coming
from crm.vault import Vault
from tests import build
from tests.bot.cards.scene import Scene
from webhooks.app import MODULE_OF, create_app

NAMES = sorted(MODULES)
VAULT = Vault(build.SECRET)


def words_of(name):
    return [word for command in router.commands() if command.module == name for word in command.words]


def actions_of(name):
    return [word for word, entry in router.actions().items() if entry.module == name]


def duties_of(name):
    return [duty for duty in jobs.DUTIES if jobs.OF_MODULE[duty.__name__] == name]


def routes_of(name):
    return [path for path, module in MODULE_OF.items() if module == name]


def topics_of(name):
    return [topic for topic, notice in NOTICES.items() if notice.module == name]


@pytest.fixture
def scene(database, time):
    return Scene(database, time)


def test_whatever_there_is_says_to_which_part_it_belongs(house):
    known = {CORE, *MODULES}
    app = create_app(house.bot)
    paths = {route.path for route in app.routes if isinstance(route, APIRoute)}
    assert {command.words[0]: command.module for command in router.commands() if command.module not in known} == {}
    assert {name: entry.module for name, entry in router.actions().items() if entry.module not in known} == {}
    assert {kind for kind, module in router.EVENT_MODULES.items() if module not in known} == set()
    assert {duty.__name__ for duty in jobs.DUTIES} == set(jobs.OF_MODULE)
    assert set(jobs.OF_MODULE.values()) | {notice.module for notice in NOTICES.values()} <= known
    assert {path for path in paths if not any(path.startswith(known_path) for known_path in MODULE_OF)} == set()
    assert set(MODULE_OF.values()) <= known


@pytest.mark.parametrize("name", NAMES)
def test_each_part_has_something_to_switch(name):
    assert [*words_of(name), *actions_of(name), *duties_of(name), *routes_of(name), *topics_of(name)]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_off_has_no_word_and_no_button_and_comes_back_as_it_was(scene, name):
    scene.say("ada", f"modules off {name}")
    with scene.uow() as uow:
        off = uow.off
    assert off == {name}
    assert [word for word in words_of(name) if (router.match(word, off) or (None,))[0] in modules_words(name)] == []
    assert {scene.tap("ada", action, "1").reply.args["code"] for action in actions_of(name)} <= {"old_card"}
    assert [action for action in actions_of(name) if not parts.is_off(action, "", off)] == []
    scene.say("ada", f"modules on {name}")
    with scene.uow() as uow:
        assert uow.off == frozenset()


def test_an_admin_is_told_that_a_word_is_switched_off(scene):
    scene.say("ada", "modules off events")
    assert "modules on events" in read(scene, "ada", "events")
    assert "modules on events" not in read(scene, "ann", "events")


def modules_words(name):
    return [command for command in router.commands() if command.module == name]


def read(scene, who, words):
    return scene.draw(scene.say(who, words)).plain()


def test_a_word_that_is_off_is_not_known_and_not_guessed_and_not_in_help(scene):
    assert "• digest" in read(scene, "mia", "help all")
    scene.say("ada", "modules off digests")
    assert scene.say("mia", "digest North").reply.args["code"] in {"unknown_word", "not_understood"}
    assert "digest" not in read(scene, "mia", "digst")
    assert "• digest" not in read(scene, "mia", "help all")


def test_a_duty_of_what_is_off_is_left_out_of_the_tick(database, time, monkeypatch):
    acme, done = build.company(database), []

    def mark(name):
        def duty(_database, org_id):
            done.append((org_id, name))

        duty.__name__ = name
        return duty

    monkeypatch.setattr(jobs, "DUTIES", tuple(mark(duty.__name__) for duty in jobs.DUTIES))
    with database.begin(acme.org_id) as uow:
        modules.set_off(uow, MODULES)
        due = text("update organization set health_at = :now where id = :o")
        uow.session.execute(due, {"o": uow.org_id, "now": uow.now})
    jobs.tick(database)
    ours = {name for org_id, name in done if org_id == acme.org_id}
    assert ours == {name for name, module in jobs.OF_MODULE.items() if module == CORE}


def test_buttons_that_lead_nowhere_are_not_drawn():
    router.load()
    digest, claim = Button("digest", "Digest"), Button("lead.claim", "Claim")
    typed, also = Button("command", "Order it", "digest North"), Button("command", "Mine", "my")
    choice = Select("digest", "Which", ())
    card = Card("Shown", (Actions((digest, claim, typed, also, choice)), Row("a", "", (digest,)), Actions((digest,))))
    left = parts.offered(card, {"digests"})
    assert left.blocks == (Actions((claim, also)), Row("a"))


def test_a_notice_of_what_is_off_is_dropped(world):
    with world.database.begin(world.acme.org_id) as uow:
        modules.set_off(uow, ["health"])
        uow.notify(
            "health", to=world.acme.member["mia"], key="h", data={"department": None, "until": uow.now.isoformat()}
        )
    world.run_jobs()
    with world.database.begin(world.acme.org_id) as uow:
        row = uow.session.execute(text("select state, cause from message where org_id = :o"), {"o": uow.org_id}).one()
    assert tuple(row) == ("dropped", "module off")


@pytest.mark.parametrize("name", ["mia", "ann"])
def test_only_admins_switch_parts(scene, name):
    assert scene.say(name, "modules off digests").reply.args["code"] == "not_allowed"
    with scene.uow() as uow, pytest.raises(NotAllowed):
        modules.switch(uow, actor=members.get(uow, scene.acme.member[name]), name="digests", on=False)


def test_core_and_what_nobody_knows_cannot_be_switched(scene):
    for name in (CORE, "colours"):
        assert scene.say("ada", f"modules off {name}").reply.args["code"] == ModuleNotFound.code


def calendar(uow, ada, acme):
    return f"/calendar/{feeds.address_of(uow, VAULT, actor=ada)}.ics"


def export(uow, ada, acme):
    return (
        f"/export/{downloads.issue(VAULT, actor=ada, period=periods.parse('week', uow.now, ada.timezone), now=uow.now)}"
    )


def file(uow, ada, acme):
    ann = members.get(uow, acme.member["ann"])
    lead = build.lead(uow, acme, owner="ann")
    here = Coming("a.txt", "text/plain", 1, {})
    (found,) = attachments.announce(uow, actor=ann, workspace_id=acme.workspace["playground"], files=[here])
    keep = "update attachment set state = 'kept', content = 'x', lead_id = :l where org_id = :o"
    uow.session.execute(text(keep), {"l": lead, "o": uow.org_id})
    return f"/file/{attachments.issue(VAULT, actor=ann, attachment_id=found, now=uow.now)}"


def form(uow, ada, acme):
    return f"/f/{forms.make(uow, actor=ada, source=sources.get(uow, acme.source_id)).word}"


def event(uow, ada, acme):
    made = events.create(uow, VAULT, actor=ada, name="Expo", place="Hall 3", starts_at=build.NOW.replace(day=7))
    return f"/e/{made.word}"


def api(uow, ada, acme):
    return f"/api/v1/members?{api_tokens.create(uow, actor=ada, name='x', scopes=['leads:read'])[1]}"


DOORS = {"calendar": calendar, "export": export, "files": file, "forms": form, "events": event, "api": api}


def test_every_part_with_an_address_has_a_row():
    assert set(DOORS) == set(MODULE_OF.values()) - {CORE}


@pytest.mark.parametrize("name", DOORS)
def test_an_address_of_what_is_off_is_none(world, name):
    with world.database.begin(world.acme.org_id) as uow:
        path, _mark, token = DOORS[name](uow, members.get(uow, world.acme.member["ada"]), world.acme).partition("?")
    headers = {"Authorization": f"Bearer {token}"}
    assert world.client.get(path, headers=headers).status_code == 200
    with world.database.begin(world.acme.org_id) as uow:
        modules.set_off(uow, [name])
    assert world.client.get(path, headers=headers).status_code == 404
