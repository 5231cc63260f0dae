"""The shapes that Slack sends, as far as we read them; whatever has another shape is refused before anything acts.

Fields that we do not read are dropped here, so that neither Bolt nor we can stumble over them later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import from_json

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Stamp = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}(\.[0-9]{1,9})?$")]
Token = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[\x21-\x7e]{1,1000}$")]
Line = Annotated[str, StringConstraints(max_length=2000)]
Words = Annotated[str, StringConstraints(max_length=40_000)]
MAX_FIELDS = 100
LATEST = 99_999_999_999  # seconds since 1970: what lies beyond is no moment any more


class BadShape(Exception):
    """Signed, but not a request that Slack makes."""


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


def _name_or_none(value: Any) -> Any:
    return value if isinstance(value, str) else None


OptionalId = Annotated[Id | None, BeforeValidator(_empty_is_none)]
OptionalUrl = Annotated[Url | None, BeforeValidator(_empty_is_none)]
Maybe = Annotated[Line | None, BeforeValidator(_name_or_none)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Named(Shape):
    id: Id
    name: Maybe = None


class Profile(Shape):
    real_name: Maybe = None
    display_name: Maybe = None
    email: Maybe = None


class User(Named):
    team_id: OptionalId = None
    username: Maybe = None
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    real_name: Maybe = None
    profile: Profile | None = None


class Authorization(Shape):
    user_id: OptionalId = None
    team_id: OptionalId = None
    enterprise_id: OptionalId = None


class Tokens(Shape):
    bot: list[Id] = []


class Shared(Shape):
    """A file of a message; a deleted one has no address."""

    id: Id
    name: Maybe = None
    mimetype: Maybe = None
    size: int = 0
    url_private_download: Maybe = None


class Link(Shape):
    url: Annotated[str, StringConstraints(max_length=3000)]


class Event(Shape):
    type: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    subtype: Maybe = None
    bot_id: OptionalId = None
    user: Id | User | None = None
    channel: Id | Named | None = None
    channel_type: Maybe = None
    text: Words | None = None
    ts: Stamp | None = None
    thread_ts: Stamp | None = None
    tab: Maybe = None
    tokens: Tokens = Tokens()
    files: Annotated[list[Shared], Field(max_length=50)] = []
    links: Annotated[list[Link], Field(max_length=50)] = []
    message_ts: Stamp | None = None
    unfurl_id: Maybe = None
    source: Maybe = None


class Command(Shape):
    command: Annotated[str, StringConstraints(pattern=r"^/\S{1,32}$")]
    text: Words = ""
    team_id: OptionalId = None
    enterprise_id: OptionalId = None
    user_id: Id
    user_name: Maybe = None
    channel_id: OptionalId = None
    channel_name: Maybe = None
    trigger_id: Token
    response_url: OptionalUrl = None


class EventCallback(Shape):
    type: Literal["event_callback"]
    team_id: OptionalId = None
    enterprise_id: OptionalId = None
    event_id: Token
    event_time: Annotated[int, Field(ge=0, le=LATEST)] = 0
    event: Event
    authorizations: list[Authorization] = []


class UrlVerification(Shape):
    type: Literal["url_verification"]
    challenge: Line


class RateLimited(Shape):
    type: Literal["app_rate_limited"]
    team_id: OptionalId = None


class Option(Shape):
    value: Line


class Action(Shape):
    type: Annotated[str, StringConstraints(max_length=50)]
    action_id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    action_ts: Stamp | None = None
    value: Line | None = None
    selected_option: Option | None = None


class Container(Shape):
    type: Maybe = None
    message_ts: Stamp | None = None
    channel_id: OptionalId = None
    is_ephemeral: bool = False
    thread_ts: Stamp | None = None


class Message(Shape):
    ts: Stamp | None = None
    thread_ts: Stamp | None = None
    text: Words | None = None
    user: OptionalId = None


class Element(Shape):
    value: Words | None = None
    selected_option: Option | None = None
    selected_date: Maybe = None
    selected_time: Maybe = None
    selected_user: OptionalId = None


class State(Shape):
    values: dict[str, dict[str, Element]] = {}


class View(Shape):
    id: OptionalId = None
    type: Annotated[str, StringConstraints(max_length=20)] = "modal"
    callback_id: Annotated[str, StringConstraints(max_length=255)] = ""
    private_metadata: Words = ""
    hash: Maybe = None
    team_id: OptionalId = None
    app_installed_team_id: OptionalId = None
    state: State | None = None


class Interactive(Shape):
    """What taps, forms, menus and searches have in common."""

    user: User
    team: Named | None = None
    enterprise: Named | None = None


class BlockActions(Interactive):
    type: Literal["block_actions"]
    trigger_id: Token | None = None
    response_url: OptionalUrl = None
    container: Container = Container()
    channel: Named | None = None
    message: Message | None = None
    view: View | None = None
    actions: Annotated[list[Action], Field(min_length=1)]


class ViewSubmission(Interactive):
    type: Literal["view_submission"]
    trigger_id: Token | None = None
    view: View


class ViewClosed(Interactive):
    type: Literal["view_closed"]
    view: View


class Shortcut(Interactive):
    type: Literal["shortcut"]
    callback_id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    trigger_id: Token
    action_ts: Stamp | None = None


class MessageAction(Shortcut):
    type: Literal["message_action"]  # type: ignore[assignment]
    channel: Named
    message: Message
    message_ts: Stamp | None = None
    response_url: OptionalUrl = None


class BlockSuggestion(Interactive):
    type: Literal["block_suggestion"]
    action_id: Annotated[str, StringConstraints(max_length=255)]
    value: Line = ""


Pushed = EventCallback | UrlVerification | RateLimited
Tapped = BlockActions | ViewSubmission | ViewClosed | Shortcut | MessageAction | BlockSuggestion
Payload = Command | Pushed | Tapped
_PUSHED: TypeAdapter[Pushed] = TypeAdapter(Annotated[Pushed, Field(discriminator="type")])
_TAPPED: TypeAdapter[Tapped] = TypeAdapter(Annotated[Tapped, Field(discriminator="type")])


def read(body: bytes, content_type: str) -> Payload:
    """What a verified body says. Raises BadShape."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return _PUSHED.validate_python(from_json(body))
        if kind == "application/x-www-form-urlencoded":
            return _form(
                dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS))
            )
    except (ValidationError, ValueError, RecursionError) as error:
        raise BadShape from error
    raise BadShape(kind)


def read_enveloped(kind: str, payload: Mapping[str, Any]) -> Payload:
    """What came over a socket, where the envelope says which kind it is. Raises BadShape."""
    try:
        match kind:
            case "events_api":
                return _PUSHED.validate_python(payload)
            case "slash_commands":
                return Command.model_validate(payload)
            case "interactive":
                return _TAPPED.validate_python(payload)
    except (ValidationError, ValueError, RecursionError) as error:
        raise BadShape from error
    raise BadShape(kind)


def read_answer(body: str) -> dict[str, Any] | None:
    """The JSON of a response, for an envelope; None where there is none."""
    try:
        said = from_json(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said else None


def _form(fields: dict[str, str]) -> Payload:
    if "payload" in fields:
        return _TAPPED.validate_python(from_json(fields["payload"]))
    return Command.model_validate(fields)
