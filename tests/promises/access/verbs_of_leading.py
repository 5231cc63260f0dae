"""What is done with people, rules, pools, groups and sources."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

from crm.rules.catalogue_file import ListsFile
from crm.rules.wanted import Wanted
from crm.services import (
    admins,
    api_tokens,
    breaker,
    bulk,
    conversations,
    dead_letters,
    departments,
    digest_orders,
    duties,
    event_materials,
    events,
    field_edits,
    forms,
    funnel,
    hand_overs,
    hooks,
    leaves,
    leaving,
    list_edits,
    list_file,
    members,
    modules,
    moving,
    pauses,
    people,
    pool_scopes,
    pools,
    rehearsing,
    rewinding,
    rules_admin,
    shadowing,
    source_costs,
    sources,
    teams,
)
from crm.services.dead_letters import Which
from crm.vault import Vault
from tests import build
from tests.promises.access.calls import Verb
from tests.promises.access.expected import MEMBERS, here, only, role, zeros

_SOON = build.NOW + timedelta(days=2)
_VAULT = Vault(build.SECRET)
OF_LEADING: dict[str, Verb] = {
    "admins.remove": (lambda c: admins.remove(c.uow, member=c.who("mia"), **c.by), here(only())),
    "members.make_admin": (
        lambda c: members.make_admin(c.uow, c.context.actor, c.who("bob")),
        here(role("people")),
    ),
    "members.make_code": (
        lambda c: members.make_code(c.uow, c.context.actor, c.who("bob"))[:0],
        here(role("people")),
    ),
    "leaves.take": (
        lambda c: leaves.take(c.uow, member=c.who("ann"), first=date(2026, 3, 5), last=date(2026, 3, 6), **c.by),
        here(only("owner", "manager", "admin")),
    ),
    "leaves.cancel": (
        lambda c: leaves.cancel(c.uow, member=c.who("ann"), **c.by),
        here(only("owner", "manager", "admin")),
    ),
    "breaker.approve": (
        lambda c: breaker.approve(c.uow, run_id=c.g["stopped"], **c.by),
        only("manager", "admin"),
    ),
    "breaker.postpone": (
        lambda c: breaker.postpone(c.uow, run_id=c.g["stopped"], **c.by),
        only("manager", "admin"),
    ),
    "conversations.bind": (
        lambda c: conversations.bind(
            c.uow,
            workspace_id=c.context.workspace.id,
            kind="group",
            external_id="C9",
            name="g",
            pool_id=None,
            department_id=None,
            **c.by,
        ),
        role("groups"),
    ),
    "rehearsing.start": (lambda c: rehearsing.start(c.uow, written="claim: {per_day: 8}", **c.by).id, role("rules")),
    "rehearsing.apply": (
        lambda c: rehearsing.apply(c.uow, rehearsal_id=c.g["rehearsal"], **c.by).id,
        only("manager", "rival", "admin"),
    ),
    "rehearsing.discard": (
        lambda c: rehearsing.discard(c.uow, rehearsal_id=c.g["rehearsal"], **c.by).id,
        only("manager", "rival", "admin"),
    ),
    "rehearsing.again": (
        lambda c: rehearsing.again(c.uow, rehearsal_id=c.g["rehearsal"], **c.by).id,
        only("manager", "rival", "admin"),
    ),
    "rules_admin.apply": (lambda c: rules_admin.apply(c.uow, written="claim: {per_day: 8}", **c.by), role("rules")),
    "rules_admin.rollback": (
        lambda c: rules_admin.rollback(c.uow, version=1, **c.by),
        only("manager", "rival", "admin"),
    ),
    "rewinding.recent": (lambda c: rewinding.recent(c.uow, **c.by), role("rules")),
    "rewinding.rewind": (lambda c: rewinding.rewind(c.uow, run_id=999_999, **c.by), zeros(role("rules"))),
    "pauses.pause": (
        lambda c: pauses.pause(c.uow, name="ads", until=_SOON, reason="x", **c.by),
        here(only("manager", "rival", "admin")),
    ),
    "pauses.resume": (lambda c: pauses.resume(c.uow, name="ads", **c.by), here(only())),
    "pool_scopes.add": (
        lambda c: pool_scopes.add(c.uow, pool=c.pool("open"), who={"role": "rep"}, **c.by),
        only("manager", "admin", "foreign"),
    ),
    "pool_scopes.remove": (
        lambda c: pool_scopes.remove(c.uow, pool=c.pool("open"), who={"role": "rep"}, **c.by),
        only("manager", "admin", "foreign"),
    ),
    "pool_scopes.put_in_charge": (
        lambda c: pool_scopes.put_in_charge(c.uow, pool=c.pool("open"), member=c.who("bob"), **c.by),
        here(role("pools")),
    ),
    "pool_scopes.listing": (lambda c: pool_scopes.listing(c.uow, **c.by), MEMBERS),
    "pools.find": (lambda c: c.pool("open"), MEMBERS),
    "pools.visible": (lambda c: pools.visible(c.uow, **c.by), MEMBERS),
    "pools.listing": (lambda c: pools.listing(c.uow, **c.by), MEMBERS),
    "moving.plan": (
        lambda c: moving.plan(c.uow, source=c.pool("open"), target=c.pool("open"), many=1, **c.by),
        only(),
    ),
    "bulk.plan": (
        lambda c: bulk.plan(c.uow, deed="close", wanted=Wanted(), reason="x", **c.by),
        only("manager", "admin"),
    ),
    "bulk.do": (lambda c: bulk.do(c.uow, run_id=c.g["bulk"], **c.by).done, only("manager")),
    "bulk.take_back": (lambda c: bulk.take_back(c.uow, run_id=c.g["bulk"], **c.by), only()),
    "moving.move": (lambda c: moving.move(c.uow, run_id=c.g["move"], **c.by).moved, only("manager")),
    "sources.create": (lambda c: sources.create(c.uow, _VAULT, name="Fair", **c.by).source.id, role("sources")),
    "sources.rotate": (lambda c: sources.rotate(c.uow, _VAULT, key="web", **c.by).source.id, role("sources")),
    "sources.set_enabled": (lambda c: sources.set_enabled(c.uow, key="web", enabled=False, **c.by).id, role("sources")),
    "departments.visible": (lambda c: departments.visible(c.uow, **c.by), MEMBERS),
    "departments.find": (
        lambda c: c.north(),
        only("owner", "mate", "manager", "quality", "marketing", "admin", "foreign", others="0"),
    ),
    "funnel.own": (
        lambda c: funnel.scope_of(c.context.actor),
        MEMBERS,
    ),
    "digest_orders.place_of": (
        lambda c: digest_orders.place_of(c.uow, c.context.actor, c.context.workspace.id, None),
        MEMBERS,
    ),
    "leaving.leave": (lambda c: leaving.leave(c.uow, member=c.who("bob"), **c.by), here(only("manager", "admin"))),
    "leaving.come_back": (
        lambda c: leaving.come_back(c.uow, member=c.who("rob"), **c.by),
        here(only("manager", "admin")),
    ),
    "hand_overs.duties": (
        lambda c: hand_overs.duties(c.uow, giver=c.who("ann"), to=c.who("bob"), **c.by),
        here(only("manager", "admin")),
    ),
    "hand_overs.do": (
        lambda c: hand_overs.do(c.uow, hand_over_id=c.g["hand_over"], how="load", **c.by),
        only("manager", "admin"),
    ),
    "hand_overs.take_back": (
        lambda c: hand_overs.take_back(c.uow, hand_over_id=c.g["hand_over"], **c.by),
        only("manager", "admin"),
    ),
    "list_edits.add": (lambda c: list_edits.add(c.uow, name="tags", new=list_edits.New("vip"), **c.by), role("lists")),
    "list_edits.rename": (
        lambda c: list_edits.rename(c.uow, name="source", words="web", new=list_edits.New("Web"), **c.by),
        role("lists"),
    ),
    "list_edits.merge": (
        lambda c: list_edits.merge(c.uow, name="stage", words="contacted", into="new", **c.by),
        role("lists"),
    ),
    "list_edits.own": (
        lambda c: list_edits.own(c.uow, name="source", words="web", owner_id=None, **c.by),
        role("lists"),
    ),
    "list_edits.retire": (lambda c: list_edits.retire(c.uow, name="stage", words="quote", **c.by), role("lists")),
    "list_edits.order": (
        lambda c: list_edits.order(c.uow, name="stage", words=["new", "contacted"], **c.by),
        role("lists"),
    ),
    "list_edits.standard": (
        lambda c: list_edits.standard(c.uow, name="tags", words="hot", **c.by),
        only(),
    ),
    "field_edits.add": (
        lambda c: field_edits.add(c.uow, new=field_edits.NewField("Headcount", "number"), **c.by),
        role("lists"),
    ),
    "field_edits.change": (lambda c: field_edits.change(c.uow, words="budget", name="Money", **c.by), only()),
    "api_tokens.create": (
        lambda c: api_tokens.create(c.uow, name="erp", scopes=["leads:read"], **c.by)[1][:0],
        role("people"),
    ),
    "hooks.create": (
        lambda c: hooks.create(c.uow, _VAULT, url="https://erp.acme.example/", topics=[], **c.by)[0].id,
        role("people"),
    ),
    "hooks.set_topics": (lambda c: hooks.set_topics(c.uow, hook=c.hook(), topics=["lead.won"], **c.by), role("people")),
    "hooks.set_on": (lambda c: hooks.set_on(c.uow, hook=c.hook(), on=False, **c.by), role("people")),
    "hooks.rotate": (lambda c: hooks.rotate(c.uow, _VAULT, hook=c.hook(), **c.by)[:0], role("people")),
    "dead_letters.retry": (lambda c: dead_letters.retry(c.uow, which=Which(), **c.by), role("people")),
    "dead_letters.drop": (lambda c: dead_letters.drop(c.uow, which=Which(), **c.by), role("people")),
    "hooks.remove": (lambda c: hooks.remove(c.uow, hook=c.hook(), **c.by), role("people")),
    "modules.switch": (lambda c: modules.switch(c.uow, name="digests", on=True, **c.by), role("people")),
    "api_tokens.revoke": (lambda c: api_tokens.revoke(c.uow, number=9999, **c.by), zeros(role("people"))),
    "source_costs.put": (
        lambda c: source_costs.put(
            c.uow, source_id=1, amount=Decimal(0), currency="CNY", first=date(2026, 3, 1), last=date(2026, 3, 2), **c.by
        ),
        role("sources"),
    ),
    "people.listing": (lambda c: people.listing(c.uow, **c.by), MEMBERS),
    "people.set_manager": (
        lambda c: people.set_manager(c.uow, member=c.who("ann"), manager=c.who("max"), **c.by),
        here(role("people")),
    ),
    "people.set_role": (
        lambda c: people.set_role(c.uow, member=c.who("ann"), role="service", **c.by),
        here(role("people")),
    ),
    "people.set_team": (
        lambda c: people.set_team(c.uow, member=c.who("ann"), team=teams.named(c.uow, "south"), **c.by),
        here(role("people")),
    ),
    "teams.make": (lambda c: teams.make(c.uow, name="East", **c.by), role("people")),
    "teams.rename": (lambda c: teams.rename(c.uow, team=teams.named(c.uow, "south"), name="S", **c.by), role("people")),
    "teams.move": (
        lambda c: teams.move(c.uow, team=teams.named(c.uow, "south"), under=teams.named(c.uow, "north"), **c.by),
        role("people"),
    ),
    "teams.close": (lambda c: teams.close(c.uow, team=teams.named(c.uow, "south"), **c.by), only()),
    "teams.tree": (lambda c: teams.tree(c.uow, **c.by), MEMBERS),
    "duties.put": (
        lambda c: duties.put(c.uow, member=c.who("ann"), days=[0], opens=time(9), closes=time(18), **c.by),
        here(only("manager", "admin")),
    ),
    "duties.clear": (lambda c: duties.clear(c.uow, member=c.who("ann"), **c.by), here(only("manager", "admin"))),
    "events.create": (
        lambda c: events.create(c.uow, _VAULT, name="Expo", place="", starts_at=_SOON, **c.by).id,
        role("campaigns"),
    ),
    "events.change": (
        lambda c: events.change(c.uow, event=events.find(c.uow, "Winter Fair"), place="x", starts_at=None, **c.by),
        here(role("campaigns")),
    ),
    "events.help_with": (
        lambda c: events.help_with(c.uow, event=events.find(c.uow, "Winter Fair"), members=[], **c.by),
        here(role("campaigns")),
    ),
    "events.set_open": (
        lambda c: events.set_open(c.uow, event=events.find(c.uow, "Winter Fair"), is_open=False, **c.by),
        here(role("campaigns")),
    ),
    "events.unmake": (
        lambda c: events.unmake(c.uow, event=events.find(c.uow, "Winter Fair"), **c.by),
        here(role("campaigns")),
    ),
    "event_materials.add": (
        lambda c: event_materials.add(
            c.uow, event=events.find(c.uow, "Winter Fair"), title="x", url="https://example.com/a", **c.by
        ),
        here(role("campaigns")),
    ),
    "shadowing.begin": (lambda c: shadowing.begin(c.uow, **c.by), role("people")),
    "shadowing.go_live": (lambda c: shadowing.go_live(c.uow, **c.by), role("people")),
    "list_file.load": (lambda c: list_file.load(c.uow, file=ListsFile(), **c.by), role("lists")),
    "forms.make": (lambda c: c.form().id, role("campaigns")),
    "forms.ask": (lambda c: forms.ask(c.uow, form=c.form(), words="name*, phone*", **c.by), role("campaigns")),
    "forms.embed": (lambda c: forms.embed(c.uow, form=c.form(), sites=[], **c.by), role("campaigns")),
    "forms.open_": (lambda c: forms.open_(c.uow, form=c.form(), enabled=False, **c.by), role("campaigns")),
    "forms.say": (lambda c: forms.say(c.uow, form=c.form(), name="title", words="Hello", **c.by), role("campaigns")),
    "forms.set_verify": (lambda c: forms.set_verify(c.uow, form=c.form(), verify=True, **c.by), role("campaigns")),
}
