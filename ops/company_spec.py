"""What a company file says: the parts of an organization, each with its fields."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from crm.rules.catalogue_file import OwnField, Values
from crm.settings import load

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Role = Literal["reception", "rep", "success", "service", "marketing", "quality", "manager", "admin"]
Step = Literal["new", "contacted", "qualified", "opportunity", "won", "lost"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}") from None
    return name


def _time_of_day(given: Any) -> Any:
    # YAML 1.1 reads 18:00 as a number to the base of sixty.
    return dt.time(*divmod(given, 60)) if isinstance(given, int) and 0 <= given < 1440 else given


Zone = Annotated[str, AfterValidator(_zone)]
Clock = Annotated[dt.time, BeforeValidator(_time_of_day)]


class Part(BaseModel):
    """A word that nobody knows is a typing mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganizationPart(Part):
    """Zone and language are those of the settings where the file names none."""

    key: Key
    name: Name
    timezone: Zone = Field(default_factory=lambda: load().timezone, validate_default=True)
    locale: Literal["en", "zh"] = Field(default_factory=lambda: load().locale, validate_default=True)


class CalendarPart(Part):
    opens: Clock = dt.time(9)
    closes: Clock = dt.time(18)
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = [1, 2, 3, 4, 5]
    country: str | None = None
    extra_holidays: list[dt.date] = []
    extra_workdays: list[dt.date] = []


class DepartmentPart(Part):
    key: Key
    name: Name
    parent: Key | None = None
    manager: str | None = None
    timezone: Zone | None = None
    locale: Literal["en", "zh"] | None = None
    calendar: CalendarPart | None = None


class MemberPart(Part):
    """`joined`: since when, for rules that ask for it; without it, since the first load of the file."""

    name: Name
    role: Role = "rep"
    team: Key | None = None
    email: str | None = None
    slack: str | None = None
    wecom: str | None = None
    playground: str | None = None
    timezone: Zone | None = None
    locale: Literal["en", "zh"] | None = None
    joined: dt.date | None = None


class StagePart(Part):
    key: Key
    name: Name
    name_zh: Name
    funnel: Step


class PoolPart(Part):
    """`teams`: departments whose trees may claim; `roles` and `members` add to them."""

    key: Key
    name: Name
    admin: str | None = None
    teams: list[Key] = []
    roles: list[Role] = []
    members: list[str] = []


class GroupPart(Part):
    """`digest` is the local time at which the group gets its digest. Of a robot, `id` is the key, or `env:NAME`."""

    platform: Literal["slack", "wecom", "playground"]
    id: Name
    name: Name
    kind: Literal["channel", "appchat", "robot", "group"] | None = None
    team: Key | None = None
    pool: Key | None = None
    digest: Clock | None = None


class FormPart(Part):
    """The hosted form of a source. `word`: its name in the address, once it is made it stays; `fields`: as in chat,
    such as `name*, phone*, budget`; `embed`: sites that may show it in a frame; `code`: phones are proven by one.
    """

    word: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{2,79}$")] | None = None
    fields: str | None = None
    title: str | None = None
    title_zh: str | None = None
    intro: str | None = None
    intro_zh: str | None = None
    thanks: str | None = None
    thanks_zh: str | None = None
    consent: str | None = None
    consent_zh: str | None = None
    embed: list[str] | None = None
    code: bool | None = None
    open: bool | None = None


class EventPart(Part):
    """An event with its pages. Times without a zone are the organization's; `by` looks after it, `helpers` hand out
    addresses of their own. One that is over is left out.
    """

    name: Name
    place: str = ""
    starts: dt.datetime
    ends: dt.datetime | None = None
    by: str
    helpers: list[str] = []


class SourcePart(Part):
    """`secret`: the intake key, or `env:NAME`; without one a fresh key is made and shown once.

    `format` names a shipped one; `mapping` describes another or what differs from it, here or in a file beside this
    one; `vendor` is what the vendor's side gave, by name, each with `env:NAME` or as it is. `owner` looks after it.
    """

    key: Key
    name: Name
    kind: Literal["keyed", "form", "email", "feed"] = "keyed"
    format: str | None = None
    mapping: dict[str, Any] | str | None = None
    vendor: dict[str, str] = {}
    channel: str | None = None
    campaign: str | None = None
    pool: Key | None = None
    secret: str | None = None
    owner: str | None = None
    form: FormPart | None = None


class HookPart(Part):
    """`topics`: what is told, everything without; `secret`: or `env:NAME`, a fresh one is made and shown once."""

    url: Annotated[str, Field(max_length=2000)]
    topics: list[str] = []
    secret: str | None = None


class SlackPart(Part):
    team: str
    name: str = ""
    bot_token: str


class WecomPart(Part):
    corp_id: str
    agent_id: str
    name: str = ""
    secret: str
    token: str
    aes_key: str


class PlaygroundPart(Part):
    name: str = "Playground"


class WorkspacesPart(Part):
    slack: SlackPart | None = None
    wecom: WecomPart | None = None
    playground: PlaygroundPart | None = None


STAGES = [
    StagePart(key="new", name="New", name_zh="新线索", funnel="new"),
    StagePart(key="contacted", name="Contacted", name_zh="已联系", funnel="contacted"),
    StagePart(key="qualified", name="Qualified", name_zh="有意向", funnel="qualified"),
    StagePart(key="quote", name="Quote", name_zh="已报价", funnel="opportunity"),
    StagePart(key="won", name="Won", name_zh="已成交", funnel="won"),
    StagePart(key="lost", name="Lost", name_zh="已输单", funnel="lost"),
]


class CompanyFile(Part):
    """The whole file. `rules` is the rule set as text, or the name of a file beside this one."""

    organization: OrganizationPart
    calendar: CalendarPart = CalendarPart()
    workspaces: WorkspacesPart = WorkspacesPart()
    departments: list[DepartmentPart] = []
    members: list[MemberPart] = []
    stages: list[StagePart] = STAGES
    pools: list[PoolPart] = []
    groups: list[GroupPart] = []
    sources: list[SourcePart] = []
    events: list[EventPart] = []
    lists: dict[str, Values] = {}
    fields: list[OwnField] = []
    modules: dict[str, bool] = {}
    hooks: list[HookPart] = []
    rules: str | None = None
