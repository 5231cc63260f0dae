"""Funnels and digests in words and as a chart: figures come from `crm`, the look of the picture from `bot/charts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from babel.dates import format_skeleton

from bot.cards.language import _
from bot.cards.words import BABEL, Words
from bot.charts import draw
from bot.charts.model import Bar, Chart, Delta, Flow
from bot.charts.model import Words as Captions
from crm.rules.figures import STEPS, Compared, Funnel
from crm.rules.finding import Finding
from crm.rules.periods import Period
from crm.services.digest_facts import PoolFlow
from crm.services.digests import DigestFacts
from crm.services.funnel import Own

STEP_NAMES = {
    "entered": _("Entered"), "contacted": _("Contacted"), "qualified": _("Qualified"), "opportunity": _("Opportunity"),
    "won": _("Won"),
}  # fmt: skip
FINDINGS = {
    "person": _("{name} fell at “{step}” from {before} to {now}; the others did not."),
    "source": _("Everybody fell at “{step}”: source {name}, from {before} to {now}."),
}


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A report as a template uses it; `image` names the picture among the facts' images."""

    title: str
    subtitle: str
    lines: list[Line]
    image: str = ""
    alt: str = ""
    finding: str = ""
    notes: list[str] = field(default_factory=list)
    weakest: str = ""


def funnel(words: Words, total: Compared, period: Period, name: str) -> tuple[Shown, bytes]:
    """A team's funnel of a period, with its picture."""
    say, title = words.say, words.say(_("Funnel of {name}"), name=name)
    subtitle = span(words, period)
    picture = draw.png(_chart(words, title, subtitle, total, ()))
    lines = [*_steps(words, total), Line(say(_("Lost")), str(total.now.lost)), *_speed(words, total.now)]
    return Shown(title, subtitle, lines, "funnel", _alt(words, total.now)), picture


def own(words: Words, found: Own, period: Period) -> Shown:
    """A rep's own funnel in words, beside the team's."""
    mine, team = found.mine.total.now, found.team.total.now
    lines = [
        Line(words.say(STEP_NAMES[step]), _beside(words, mine, team, step)) for step in STEPS
    ] + _speed(words, mine)  # fmt: skip
    if found.weakest is None:
        weakest = words.say(_("No step is clearly behind the team's. Keep going."))
    else:
        weakest = words.say(
            _("Weakest against the team: {step}, {mine} of yours and {team} of the team's get there."),
            step=words.say(STEP_NAMES[found.weakest.step]), mine=words.percent(found.weakest.mine),
            team=words.percent(found.weakest.team),
        )  # fmt: skip
    return Shown("", span(words, period), lines, weakest=weakest)


def digest(words: Words, facts: DigestFacts) -> tuple[Shown, bytes]:
    """A team's day, with its picture."""
    say = words.say
    title = say(_("{name}: digest of {day}"), name=facts.name, day=span(words, facts.told))
    subtitle = span(words, facts.period)
    picture = draw.png(_chart(words, title, subtitle, facts.total, facts.pools))
    lines = [
        *_steps(words, facts.total),
        Line(say(_("Lost")), str(facts.total.now.lost)),
        *_speed(words, facts.total.now),
    ]
    lines += [Line(say(_("Owned leads touched this week")), words.percent(facts.touched))]
    lines += [Line(say(_("Back to the pool within 24 h")), str(facts.due))]
    lines += [Line(say(_("Idle for a week")), str(facts.idle)), Line(say(_("Never touched")), str(facts.hoarded))]
    lines += [_pool(words, pool) for pool in facts.pools[:4]]
    finding = finding_words(words, facts.finding)
    return Shown(
        title, subtitle, lines[:18], "digest", _alt(words, facts.total.now), finding, _notes(words, facts)
    ), picture


def finding_words(words: Words, finding: Finding | None) -> str:
    """The one thing that stands out: a person or a source, with its figures."""
    if finding is None:
        return ""
    return words.say(
        FINDINGS[finding.kind], name=finding.name or "–", step=words.say(STEP_NAMES[finding.step]),
        before=words.percent(finding.before), now=words.percent(finding.now),
    )  # fmt: skip


def span(words: Words, period: Period) -> str:
    """The days of a period."""
    first, last = _day(words, period.first), _day(words, period.last)
    return first if period.first == period.last else f"{first} – {last}"


def _day(words: Words, day: Any) -> str:
    return format_skeleton("MMMd", day, locale=BABEL[words.locale])


def _steps(words: Words, total: Compared) -> list[Line]:
    return [Line(words.say(STEP_NAMES[step]), _counted(words, total, step)) for step in STEPS]


def _counted(words: Words, total: Compared, step: str) -> str:
    """`42 (62%) ▲5`: the count, the share of the step before, the change."""
    rate, more = total.now.rate(step), total.more(step)
    change = f" ▲{more}" if more > 0 else f" ▼{-more}" if more < 0 else ""
    return f"{total.now.count(step)}{f' ({words.percent(rate)})' if rate is not None else ''}{change}"


def _beside(words: Words, mine: Funnel, team: Funnel, step: str) -> str:
    if mine.rate(step) is None:
        return str(mine.count(step))
    return words.say(
        _("{n} ({mine}; team {team})"),
        n=mine.count(step),
        mine=words.percent(mine.rate(step)),
        team=words.percent(team.rate(step)),
    )


def _speed(words: Words, funnel_: Funnel) -> list[Line]:
    if funnel_.touch_median is None:
        return []
    value = words.span(funnel_.touch_median)
    if funnel_.touch_p90 is not None:
        value = words.say(_("{median} (9 of 10 within {p90})"), median=value, p90=words.span(funnel_.touch_p90))
    return [Line(words.say(_("To the first touch")), value)]


def _pool(words: Words, pool: PoolFlow) -> Line:
    value = words.say(
        _("in {inflow} · out {outflow} · now {level}"), inflow=pool.inflow, outflow=pool.outflow, level=pool.level
    )
    return Line(words.say(_("Pool {name}"), name=pool.name), value)


def _notes(words: Words, facts: DigestFacts) -> list[str]:
    notes = []
    if facts.best:
        notes.append(words.say(_("Best: {name}, {n} won."), name=facts.best.name, n=facts.best.won))
    for lead in facts.stuck[:3]:
        stage = lead.stage_zh if words.locale == "zh" else lead.stage
        notes.append(
            words.say(
                _("Stuck: L-{number} ({name}), {stage} for {days} d."),
                number=lead.number,
                name=lead.member,
                stage=stage,
                days=lead.days,
            )
        )
    if facts.hoarder:
        notes.append(
            words.say(
                _("Idle leads with {name}: {n}."), name=facts.hoarder.name, n=facts.hoarder.idle + facts.hoarder.hoarded
            )
        )
    return notes


def _chart(words: Words, title: str, subtitle: str, total: Compared, pools: Sequence[PoolFlow]) -> Chart:
    say = words.say
    captions = Captions(
        rate=say(_("of the step before")), before=say(_("the period before")), pools=say(_("Pools")),
        inflow=say(_("in")),
        outflow=say(_("out")), level=say(_("now")),
    )  # fmt: skip
    bars = tuple(_bar(words, total, step) for step in STEPS)
    flows = tuple(Flow(pool.name, pool.inflow, pool.outflow, pool.level) for pool in pools)
    notes = tuple((line.label, line.value) for line in _speed(words, total.now))
    return Chart(title, subtitle, bars, captions, say(_("Lost: {n}"), n=total.now.lost), notes, flows)


def _bar(words: Words, total: Compared, step: str) -> Bar:
    more, rate = total.more(step), total.now.rate(step)
    delta = Delta(f"{more:+d}", "up" if more > 0 else "down") if more else None
    return Bar(
        words.say(STEP_NAMES[step]), total.now.count(step), total.before.count(step),
        "" if rate is None else words.percent(rate), delta, good=step == "won",
    )  # fmt: skip


def _alt(words: Words, figures: Funnel) -> str:
    return ", ".join(f"{words.say(STEP_NAMES[step])} {figures.count(step)}" for step in STEPS)
