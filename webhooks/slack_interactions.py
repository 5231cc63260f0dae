"""From Slack's payloads to `Interaction`: who, where, what, and how to answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.cards import fit, wire
from bot.interaction import Answer, File, Interaction, Kind
from bot.platforms import slack_controls, slack_forms, slack_views
from bot.platforms.slack_address import place
from bot.platforms.slack_directory import colleague_of
from webhooks.links import ref_in
from webhooks.slack_payloads import (
    Action,
    BadShape,
    BlockActions,
    Command,
    EventCallback,
    Interactive,
    MessageAction,
    Shared,
    Shortcut,
    State,
    User,
    View,
    ViewSubmission,
)
from webhooks.slack_words import mentioned, words

# The home page shows the worklist, which has words of its own.
HOME_WORDS = "today"
# An entry of manifests before this version, whose form is filled by its words.
WITH_WORDS = {"lead.new"}
# What is done on the home page shows there; everything else is worth a look of its own.
QUIET = ("duty.", "task.done", "task.snooze", "home")
MOST_LINKS = 5
SLACKBOT = "USLACKBOT"
PEOPLE_SPEAK = {None, "thread_broadcast", "file_share"}


def command(payload: Command, *, root: str) -> Interaction:
    """A slash command; answered in the HTTP response, later by response_url."""
    return Interaction(
        platform="slack",
        workspace=installed(payload),
        user=payload.user_id,
        key=f"command:{payload.trigger_id}",
        text=words(payload.text, root=root),
        conversation=_conversation(payload.channel_id, payload.channel_name),
        trigger=payload.trigger_id,
        reply_to=_reply_to(payload.response_url, payload.user_id),
        profile={"name": payload.user_name} if payload.user_name else {},
    )


def event(payload: EventCallback, *, root: str) -> Interaction | None:
    """A mention, a private message, the home page, somebody who joined or left; None for what needs no answer."""
    said = payload.event
    match said.type:
        case "app_mention":
            return _spoken(payload, root=root)
        case "message" if said.channel_type == "im":
            return _spoken(payload, root=root)
        case "app_home_opened" if said.tab == "home":
            return _about(payload, "home", text=HOME_WORDS)
        case "team_join" | "user_change" | "user_profile_changed" if isinstance(said.user, User):
            return _somebody(payload, said.user)
        case _:
            return None


def _somebody(payload: EventCallback, user: User) -> Interaction | None:
    """A person of the workspace is new, changed or gone; of bots and guests we do not want to know."""
    known = colleague_of(user.model_dump())
    if known is None:
        return None
    if not known.active:
        return _about(payload, "left", profile={"told_at": _told_at(payload)})
    told = {"name": known.name, "email": known.email, "told_at": _told_at(payload)}
    return _about(payload, "joined", profile={name: value for name, value in told.items() if value})


def _told_at(payload: EventCallback) -> str:
    """When Slack says that it happened; what has no time is older than anything we know."""
    return datetime.fromtimestamp(payload.event_time, UTC).isoformat()


def links(payload: EventCallback, *, base: str) -> list[tuple[str, Interaction]]:
    """The addresses of leads in what somebody shared, each with what it asks for."""
    urls = list(dict.fromkeys(link.url for link in payload.event.links))
    refs = [(url, ref_in(url, base)) for url in urls]
    return [
        (url, replace(_about(payload, "link", value=ref), key=f"event:{payload.event_id}:{number}"))
        for number, (url, ref) in enumerate(refs[:MOST_LINKS])
        if ref
    ]


def shared_at(payload: EventCallback) -> dict[str, str]:
    """Where the shared links stand; in a draft there is no message yet."""
    said = payload.event
    if said.unfurl_id and said.source:
        return {"unfurl_id": said.unfurl_id, "source": said.source}
    return {"channel": _id(said.channel) or "", "ts": said.message_ts or ""}


def tap(payload: BlockActions) -> Interaction | None:
    """A button, a choice or an entry of a menu; None for what opens a link."""
    action = payload.actions[0]
    name, value = slack_controls.read(action.action_id, _chosen(action))
    if name in {slack_controls.LINK, ""}:
        return None
    stamp = action.action_ts or payload.trigger_id or ""
    value, version = wire.unpack(value)
    return _interaction(
        payload,
        "action",
        key=f"action:{payload.user.id}:{action.action_id}:{payload.container.message_ts or 'view'}:{stamp}",
        action=name,
        value=value,
        version=version,
        handle=_handle(payload),
        trigger=payload.trigger_id,
        reply_to=_tap_reply_to(payload),
        conversation=_conversation(_id(payload.channel)),
    )


def is_within_form(payload: BlockActions) -> bool:
    """Whether an answer of an open form was chosen, which may change what else it asks."""
    view = payload.view
    return view is not None and view.type == "modal" and view.callback_id not in (slack_views.CARD, slack_views.WAIT)


def redraw(payload: BlockActions) -> tuple[Interaction, dict[str, str], dict[str, Any]]:
    """Asks for the open form anew: by the tap that opened it, with what is answered so far, and where it was opened."""
    assert payload.view is not None
    value, hidden, back = _metadata(payload.view)
    given = hidden | slack_forms.read_fields(_state(payload.view))
    asked = _interaction(
        payload,
        "action",
        key=f"redraw:{payload.view.id}:{payload.trigger_id}",
        action=payload.view.callback_id,
        value=value,
        handle={"view": payload.view.id},
        trigger=payload.trigger_id,
    )
    return asked, given, back


def says_enough(asked: Interaction, answer: Answer) -> bool:
    """Whether the home page, drawn anew, is answer enough to a tap on it."""
    return asked.handle is None and asked.action.startswith(QUIET) and answer.card is not None and answer.replace


def home(after: Interaction) -> Interaction:
    """The home page anew, after something was tapped on it."""
    return Interaction("slack", after.workspace, after.user, f"{after.key}:home", "home", HOME_WORDS)


def form(payload: ViewSubmission) -> Interaction:
    """A submitted modal; where it was opened comes back with it."""
    value, hidden, back = _metadata(payload.view)
    fields = hidden | slack_forms.read_fields(_state(payload.view))
    value, version = wire.unpack(value)
    reply_to = _text(back.get("reply_to")) or payload.user.id
    in_view = {"view": payload.view.id} if reply_to == payload.user.id else None
    return _interaction(
        payload,
        "form",
        key=f"form:{payload.view.id}:{_digest(fields, value)}",
        action=payload.view.callback_id,
        value=value,
        version=version,
        fields=fields,
        trigger=payload.trigger_id,
        handle=_mapping(back.get("handle")) or in_view,
        conversation=_text(back.get("conversation")),
        reply_to=reply_to,
    )


def shortcut(payload: Shortcut) -> Interaction:
    """An entry of the lightning menu or of a message's menu; its callback id is the action, the message its value."""
    common: dict[str, Any] = {
        "key": f"shortcut:{payload.trigger_id}",
        "action": slack_controls.read(payload.callback_id, "")[0],
        "trigger": payload.trigger_id,
    }
    if not isinstance(payload, MessageAction):
        return _interaction(payload, "action", reply_to=payload.user.id, **common)
    said = words(payload.message.text or "")
    return _interaction(
        payload,
        "action",
        value=said if common["action"] in WITH_WORDS else "",
        quoted=said,
        reply_to=_reply_to(payload.response_url, payload.user.id),
        conversation=_conversation(payload.channel.id),
        **common,
    )


def installed(payload: Command | EventCallback | Interactive) -> str:
    """The installation that a payload belongs to: a team, or an enterprise for org-wide ones."""
    if isinstance(payload, Interactive):
        view = getattr(payload, "view", None)
        team = (view and view.app_installed_team_id) or _id(payload.team) or payload.user.team_id
        return _installed(team, _id(payload.enterprise))
    # In a channel shared with another company, only the authorization names our installation.
    ours = payload.authorizations[0] if isinstance(payload, EventCallback) and payload.authorizations else payload
    return _installed(ours.team_id or payload.team_id, ours.enterprise_id)


def _interaction(payload: Interactive, kind: Kind, **facts: Any) -> Interaction:
    name = payload.user.name or payload.user.username
    return Interaction(
        platform="slack",
        workspace=installed(payload),
        user=payload.user.id,
        kind=kind,
        profile={"name": fit.one_line(name)} if name else {},
        **facts,
    )


def _spoken(payload: EventCallback, *, root: str) -> Interaction | None:
    said = payload.event
    bot = payload.authorizations[0].user_id if payload.authorizations else None
    channel = _id(said.channel)
    if said.bot_id or said.subtype not in PEOPLE_SPEAK or channel is None or _id(said.user) in {None, bot, SLACKBOT}:
        return None
    private = said.type == "message"
    text = said.text or ""
    files = tuple(_file(each) for each in said.files if each.url_private_download)
    return _about(
        payload,
        "file" if files else "command",
        files=files,
        text=words(text, root=root) if private else mentioned(text, root=root, bot=bot),
        conversation=None if private else channel,
        handle={"channel": channel, "ts": said.thread_ts} if said.thread_ts else None,
        reply_to=place(channel, said.thread_ts, None if private else _id(said.user)),
    )


def _file(shared: Shared) -> File:
    handle = {"file": shared.id, "url": shared.url_private_download}
    return File(fit.one_line(shared.name or shared.id), shared.mimetype or "", shared.size, handle)


def _about(payload: EventCallback, kind: Kind, **facts: Any) -> Interaction:
    user = _id(payload.event.user)
    if user is None:
        raise BadShape(payload.event.type)
    key = f"event:{payload.event_id}"
    return Interaction("slack", installed(payload), user, key, kind, **{"reply_to": user, **facts})


def _tap_reply_to(payload: BlockActions) -> str:
    """In our own chat with a person an answer stays; elsewhere it is for that person's eyes."""
    channel = payload.container.channel_id
    if channel and channel.startswith("D") and not payload.container.is_ephemeral:
        return place(channel, payload.container.thread_ts)
    return _reply_to(payload.response_url, payload.user.id)


def _handle(payload: BlockActions) -> Mapping[str, Any] | None:
    where = payload.container
    if payload.view is not None:
        return {"view": payload.view.id} if payload.view.type == "modal" else None
    if where.is_ephemeral:
        return {"response_url": payload.response_url} if payload.response_url else None
    if where.channel_id and where.message_ts:
        return {"channel": where.channel_id, "ts": where.message_ts}
    return None


def _chosen(action: Action) -> str:
    if action.selected_option is None:
        return action.value or ""
    return "" if action.selected_option.value == slack_controls.NO_VALUE else action.selected_option.value


def _reply_to(url: str | None, user: str) -> str:
    return f"{url}#{user}" if url else user


def _conversation(channel: str | None, name: str | None = None) -> str | None:
    return None if channel is None or channel.startswith("D") or name == "directmessage" else channel


def _installed(team: str | None, enterprise: str | None) -> str:
    if not (found := team or enterprise):
        raise BadShape("no team")
    return found


def _id(thing: Any) -> str | None:
    return thing if thing is None or isinstance(thing, str) else str(thing.id)


def _dumped(elements: Mapping[str, Any]) -> dict[str, Any]:
    return {name: element.model_dump(exclude_none=True) for name, element in elements.items()}


def _digest(fields: Mapping[str, str], value: str) -> str:
    """Two submissions of one modal are the same only when they say the same: a corrected one must count."""
    said = json.dumps([value, sorted(fields.items())])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _metadata(view: View) -> tuple[str, dict[str, str], dict[str, Any]]:
    try:
        return slack_forms.read_metadata(view.private_metadata)
    except (ValueError, RecursionError) as error:
        raise BadShape from error


def _state(view: View) -> dict[str, dict[str, Any]]:
    return {block: _dumped(elements) for block, elements in (view.state or State()).values.items()}


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
