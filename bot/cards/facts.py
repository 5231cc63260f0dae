"""What a template may ask for: facts as the viewer may see them, read when the card is drawn."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz, process

from bot.cards import conditions, explained, helping, listed, overrides, pool_words, reports, rulebook, scored
from bot.cards.asked import AskedFacts
from bot.cards.at_home import HomeFacts
from bot.cards.catalogued import CatalogueFacts
from bot.cards.cut import CutFacts
from bot.cards.drilled import DrillFacts
from bot.cards.dropped import DroppedFacts
from bot.cards.erased import ErasureFacts
from bot.cards.from_words import WordFacts
from bot.cards.language import _, translate
from bot.cards.merging import MergeFacts
from bot.cards.needs import NeedFacts
from bot.cards.of_formats import FormatFacts
from bot.cards.of_sources import SourceFacts
from bot.cards.offered import OfferFacts
from bot.cards.people import PeopleFacts
from bot.cards.reasons import ReasonFacts
from bot.cards.shadowed import ShadowFacts
from bot.cards.systems import SystemFacts
from bot.cards.told import NoticeFacts
from bot.cards.visiting import VisitFacts
from bot.cards.working import WorkFacts
from crm.rules import edits, periods
from crm.rules.access import Actor
from crm.services import (
    bulk,
    claim_checks,
    conversations,
    departments,
    desks,
    digests,
    explain,
    funnel,
    habits,
    importing,
    leads,
    leaves,
    members,
    moving,
    ownership,
    passing_on,
    pauses,
    pipeline,
    pools,
    rehearsing,
    reveals,
    rewinding,
    rules_admin,
    shields,
    takeable,
    tasks,
    timeline,
    undo,
)
from crm.services.desks import Desk
from crm.services.leads import LeadView
from crm.services.ownership import Load
from crm.services.pools import PoolView
from crm.services.rehearsing import Rehearsal
from crm.services.rules_admin import Version
from crm.services.tasks import TaskView

REFS = 12  # of leads in one sentence
LOOKS_ALIKE = 70  # of 100: one digit wrong, missing or swapped


def everybody(org_id: int, timezone: ZoneInfo, locale: str) -> Actor:
    """The viewer of a group's card: sees which leads there are, never a contact."""
    return Actor(
        id=0, org_id=org_id, name="", role="quality", department_id=None, departments=(), manages=frozenset(),
        active=True, on_duty=False, timezone=timezone, locale=locale,
    )  # fmt: skip


class Facts(
    OfferFacts, ReasonFacts, NoticeFacts, AskedFacts, PeopleFacts, WorkFacts, HomeFacts, WordFacts, DroppedFacts,
    DrillFacts, MergeFacts, ErasureFacts, SourceFacts, FormatFacts, VisitFacts, CatalogueFacts,
    ShadowFacts, SystemFacts, CutFacts, NeedFacts,
):  # fmt: skip
    """All that templates may ask for. Methods return None where the viewer may not see the thing any more."""

    @property
    def rules(self) -> Any:
        return self.uow.rules

    def leads(self, lead_ids: list[int]) -> list[LeadView]:
        return leads.many(self.uow, actor=self.viewer, lead_ids=lead_ids)

    def taken(self, lead_ids: list[int]) -> list[tuple[str, str]]:
        """Leads offered to the viewer that a colleague took: no more than the reference and the colleague's name."""
        seen = {lead.id for lead in self.leads(lead_ids)}
        return [(ref, owner) for lead_id, ref, owner in leads.taken(self.uow, lead_ids) if lead_id not in seen]

    def lead_title(self, lead_id: int) -> str:
        """Who a lead is and its reference; the reference alone where the viewer may not see it."""
        lead = self.lead(lead_id)
        return f"{lead.title_line} · {lead.ref}" if lead else self.lead_ref(lead_id)

    def my_leads(self, most: int = 50) -> list[LeadView]:
        return leads.mine(self.uow, actor=self.viewer, most=most)

    def task(self, task_id: int) -> TaskView | None:
        return tasks.view(self.uow, task_id)

    def tasks_of(self, each: list[dict[str, Any]]) -> list[TaskView]:
        """The tasks of several reminders, the oldest first."""
        return tasks.views(self.uow, [one["task"] for one in each])

    def still_warned(self, each: list[dict[str, Any]]) -> list[LeadView]:
        """Of leads about which the viewer was warned, those that still go back by then, the most urgent first."""
        warned = {one["lead"]: self.moment(one["recycle_at"]) for one in each}
        risk = [
            (lead.recycle_at, lead.id, lead) for lead in self.leads(list(warned))
            if lead.mine and lead.recycle_at and lead.recycle_at <= warned[lead.id]
        ]  # fmt: skip
        return [lead for _at, _id, lead in sorted(risk, key=lambda entry: entry[:2])]

    def timeline(self, lead_id: int, most: int = 6) -> list[dict[str, Any]]:
        return [self._as_seen(entry) for entry in timeline.entries(self.uow, lead_id, most)]

    def activity(self, activity_id: int) -> dict[str, Any] | None:
        entry = timeline.entry(self.uow, activity_id)
        return self._as_seen(entry) if entry else None

    def _as_seen(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Without its words where the rules keep notes from the viewer's role."""
        if "notes" not in self.viewer.hidden or entry["lead_id"] is None:
            return entry
        lead = self.lead(entry["lead_id"])
        return entry if lead and lead.mine else entry | {"words": None}

    def stages(self, lead_id: int) -> list[pipeline.StageView]:
        return pipeline.stages(self.uow, lead_id)

    def pools(self) -> list[pools.PoolView]:
        """Pools that the viewer may claim from, with how many leads lie in each."""
        return pools.visible(self.uow, actor=self.viewer)

    def opens(self, lead: LeadView) -> datetime | None:
        """From when a free lead can be claimed that its pool still keeps back."""
        return pools.opens(self.uow, lead)

    def may_claim(self, lead: LeadView) -> bool:
        """Whether the viewer could have this free lead; in a group some may, whoever else may not."""
        found = takeable.by_id(self.uow, self.viewer, lead.id)
        return found is None or claim_checks.refusal(self.uow, self.viewer, found) is None

    def in_pool(self, pool_id: int | None = None, words: str = "", most: int = 8) -> list[LeadView]:
        return pools.listing(self.uow, actor=self.viewer, pool_id=pool_id, words=words, most=most)

    def load(self) -> Load:
        """What the viewer holds and has claimed, with the caps."""
        return pools.load_of(self.uow, self.viewer)

    def room_of(self, member_id: int) -> Load:
        return pools.load_of(self.uow, members.get(self.uow, member_id))

    def self_sourced(self, member_id: int) -> int:
        return desks.self_sourced(self.uow, member_id)

    def desks(self) -> list[Desk]:
        """What those whom the viewer manages hold, and how much of it they found."""
        return desks.of_team(self.uow, actor=self.viewer)

    def undoable(self, lead: LeadView) -> int | None:
        return undo.undoable(self.uow, actor=self.viewer, lead_id=lead.id)

    def undo_of(self, lead_id: int | None) -> int | None:
        """The viewer's last change of a lead that may have moved on, if it can be undone."""
        return undo.undoable(self.uow, actor=self.viewer, lead_id=lead_id) if lead_id else None

    def holding(self) -> int:
        return ownership.holding(self.uow, self.viewer)

    def stage_name(self, lead: LeadView) -> str:
        return lead.stage_name_zh if self.locale == "zh" else lead.stage_name

    def stage_called(self, lead: LeadView, key: str) -> str:
        """The name of a stage of this lead's pipeline; the key where it has been taken out since."""
        found = next((stage for stage in self.stages(lead.id) if stage.key == key), None)
        return key if found is None else found.name_zh if self.locale == "zh" else found.name

    def lead_refs(self, lead_ids: list[int]) -> list[str]:
        """The references of the first few of these leads, and how many more there are."""
        more = [self.words.say(_("{n} more"), n=len(lead_ids) - REFS)] if len(lead_ids) > REFS else []
        return [self.lead_ref(lead_id) for lead_id in lead_ids[:REFS]] + more

    def pool_list(self) -> list[pool_words.Listed]:
        """The pools that the viewer may see: who else may claim there, and what holds."""
        return pool_words.listing(self.uow, self.words, self.viewer)

    def pool_quotas(self, member_id: int) -> list[pool_words.Used]:
        """What a member has claimed from pools with caps of their own."""
        return pool_words.used(self.uow, self.words, members.get(self.uow, member_id))

    def in_charge(self) -> bool:
        """Whether the viewer may change a pool."""
        return self.viewer.is_admin or pools.in_charge(self.uow, self.viewer)

    def every_pool(self) -> list[PoolView]:
        """All pools, to give a lead back to."""
        return pools.every(self.uow)

    def plan(self, run: int) -> moving.Plan | None:
        """A move that was previewed, as long as it can be done."""
        return moving.read(self.uow, run)

    def bulk(self, run: int) -> bulk.Plan | None:
        """Many leads at once, as previewed or done."""
        return bulk.read(self.uow, run)

    def shielded(self, member_id: int) -> int:
        """How many leads of a member are protected."""
        return shields.shielded(self.uow, member_id)

    def revealed(self, lead_id: int) -> list[tuple[str, str]]:
        """The contact of a pool lead that the viewer has looked at today."""
        return reveals.contacts(self.uow, actor=self.viewer, lead_id=lead_id)

    def reveals_used(self, member_id: int | None = None) -> int:
        """How many contacts the viewer, or a member, has looked at today."""
        member = members.get(self.uow, member_id) if member_id else self.viewer
        return reveals.used(self.uow, member)

    def pool_name(self, pool_id: int) -> str:
        return pools.name_of(self.uow, pool_id)

    def team_name(self, department_id: int | None) -> str:
        return departments.name_of(self.uow, department_id) or self.words.say(_("everybody"))

    def group_name(self, conversation_id: int) -> str:
        return conversations.name_of(self.uow, conversation_id)

    def why_me(self, lead_id: int, decision_id: int) -> str:
        """Why a dispatched lead came to its owner."""
        made = {each.id: each for each in explain.why(self.uow, lead_id)}
        return explained.why_me(self.words, made.get(decision_id))

    def why(self, lead_id: int) -> list[explained.Reason]:
        """The decisions about a lead, newest first, as far as the viewer may see them."""
        made = explain.why(self.uow, lead_id) + explain.refusals(self.uow, lead_id)
        made += explain.about_rules(self.uow, lead_id)
        lead = self.lead(lead_id)
        return explained.reasons(
            self.words, self.viewer, self.member, made, full=lead is not None and not (lead.masked and lead.owner_id)
        )

    def leave_of(self, member_id: int) -> list[tuple[date, date]]:
        return leaves.coming(self.uow, members.get(self.uow, member_id))

    def colleagues(self) -> list[Actor]:
        """To whom the viewer may hand a lead over."""
        return passing_on.colleagues(self.uow, actor=self.viewer)

    def comeback(self, lead: LeadView) -> str:
        """Why a lead of a later wave is back."""
        return overrides.comeback(self.words, timeline.last(self.uow, lead.id, "woken")) if lead.wave > 1 else ""

    def paused_rules(self) -> list[pauses.Pause]:
        return pauses.running(self.uow)

    def recent_runs(self) -> list[rewinding.RunView]:
        return rewinding.recent(self.uow, actor=self.viewer)

    def score_line(self, lead: LeadView) -> str:
        """The points of an open lead with their reasons."""
        return scored.line(self.words, lead.score, lead.score_reasons, lead.source) if lead.status == "open" else ""

    def recycled(self, lead_ids: list[int]) -> list[explained.Reason]:
        """Leads that went back to a pool, each with what was missing."""
        names = {lead.id: lead.title_line for lead in self.leads(lead_ids)}
        rows = explain.recycled(self.uow, lead_ids)
        return [
            explained.Reason(
                f"{names[row.lead_id]} · {row.ref}" if row.lead_id in names else row.ref,
                conditions.missing(self.words, row.anchor, row.period, row.rule),
            )
            for row in rows
        ]

    def refusal(self, code: str, data: dict[str, Any]) -> str:
        if example := data.get("example"):
            data = {**data, "needs": self.needs(example), "example": self.living(translate(self.locale, example))}
        return explained.refusal(self.words, self.member, code, data)

    def help(self, asked: str) -> helping.Screen:
        from bot import router  # noqa: PLC0415  (its handlers draw cards: neither can be loaded before the other)

        used = habits.used(self.uow, self.viewer)
        there = [entry for entry in router.commands() if entry.module not in self.uow.off]
        return helping.screen(self.words, self.viewer, there, asked, used)

    def import_job(self, job_id: int) -> listed.Job:
        """A pasted list of the viewer's own."""
        return listed.job(self.words, importing.get(self.uow, actor=self.viewer, job_id=job_id))

    def funnel(self, period: str, team: int | None) -> reports.Shown:
        span = periods.parse(period, self.now, self.viewer.timezone)
        scope = funnel.Scope(department_id=team) if team else funnel.scope_of(self.viewer)
        total = funnel.report(self.uow, period=span, scope=scope).total
        name = self.viewer.name if scope.member_id else self.team_name(scope.department_id)
        shown, self.images["funnel"] = reports.funnel(self.words, total, span, name)
        return shown

    def funnel_me(self, period: str) -> reports.Shown:
        span = periods.parse(period, self.now, self.viewer.timezone)
        return reports.own(self.words, funnel.own(self.uow, actor=self.viewer, period=span), span)

    def digest(self, department: int | None, day: str, days: int = 1) -> reports.Shown:
        shown, self.images["digest"] = reports.digest(
            self.words, digests.build(self.uow, department, date.fromisoformat(day), days)
        )
        return shown

    def keeps(self, rule: str | None) -> str:
        """What keeps a lead from being taken back by that rule."""
        return conditions.keeps(self.words, self.rules, rule)

    def rules_version(self) -> Version | None:
        """The version of the rules in force; None for the built-in ones."""
        return rules_admin.in_force(self.uow)

    def rules_in_words(self) -> list[rulebook.Line]:
        return list(rulebook.in_words(self.words, self.rules))

    def recycle_rules(self) -> list[rulebook.Line]:
        return rulebook.recycling(self.words, self.rules, {pool.key: pool.name for pool in pools.every(self.uow)})

    def dispatch_rules(self) -> list[rulebook.Line]:
        return rulebook.dealing(self.words, self.rules, departments.names(self.uow))

    def rules_written(self) -> list[tuple[str, str]]:
        """What is written, by the paths that change it."""
        return list(edits.fields(rules_admin.present(self.uow)))

    def rules_history(self) -> list[Version]:
        return rules_admin.history(self.uow, 8)

    def rehearsal(self, rehearsal_id: int) -> Rehearsal:
        return rehearsing.get(self.uow, rehearsal_id)

    def rehearsed(self, found: Rehearsal) -> rulebook.Outcome:
        """What a rehearsal that is done has found."""
        return rulebook.outcome(self.words, found, self.member)

    def near(self, ref: str) -> list[LeadView]:
        """The viewer's own leads whose number looks much like the one typed."""
        mine = {str(lead.number): lead for lead in self.my_leads(500)}
        typed = "".join(char for char in str(ref) if char.isdigit())
        found = process.extract(typed, mine.keys(), scorer=fuzz.ratio, score_cutoff=LOOKS_ALIKE, limit=3)
        return [mine[number] for number, _score, _place in found]
