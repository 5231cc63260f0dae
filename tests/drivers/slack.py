"""Drives Slack as a person would: types, taps and submits real signed payloads, and looks at what Slack then shows."""

import html
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.doubles.slack import Message, SlackDouble
from tests.drivers.base import Seen
from tests.drivers.slack_wire import Wire, unique

PATIENCE = 30.0
MARKS = ("✅ ", "⚠️ ", "⛔ ")
Json = Mapping[str, Any]


class SlackDriver:
    """One person in one workspace.

    Args:
        wire: posts to the app under test.
        user: the person's Slack id, known to the double.
        run_jobs: does what is due; called where an answer comes by a job.
    """

    def __init__(self, wire: Wire, user: str, *, run_jobs: Callable[[], None] = lambda: None) -> None:
        self._wire, self._server, self.user, self._run = wire, wire.server, user, run_jobs

    def says(self, text: str, *, conversation: str | None = None) -> Seen:
        """Give the slash command, privately or in a channel."""
        channel, mark = conversation or self.private, len(self._server.news)
        response = self._wire.command(self.user, text, channel)
        assert response.status_code == 200, response.text
        if response.content:
            return _seen(self._server.answered(response.json(), self.user, channel))
        return self._after(mark)

    def writes(self, text: str, *, conversation: str | None = None, thread: str = "") -> Seen:
        """Write to the app, or mention it in a channel; in a thread where one is named."""
        mark = len(self._server.news)
        private = {"type": "message", "channel_type": "im", "channel": self.private, "text": text}
        public = {"type": "app_mention", "channel": conversation, "text": f"<@UBOT> {text}"}
        said = (public if conversation else private) | {"user": self.user, "ts": f"{time.time():.6f}"}
        said |= {"thread_ts": thread} if thread else {}
        response = self._wire.push(self._wire.event(said, event_id=f"Ev{unique()}"))
        assert response.status_code == 200, response.text
        return self._after(mark)

    def drops(self, name: str, content: bytes, text: str = "") -> Seen:
        """Drop a file into the chat with the app; the newest card that comes of it."""
        mark = len(self._server.news)
        said = {"type": "message", "subtype": "file_share", "channel_type": "im", "channel": self.private, "text": text}
        said |= {"user": self.user, "ts": f"{time.time():.6f}", "files": [self._server.share(name, content)]}
        response = self._wire.push(self._wire.event(said, event_id=f"Ev{unique()}"))
        assert response.status_code == 200, response.text
        return self._after(mark)

    def taps(self, seen: Seen, label: str) -> Seen:
        """Tap the button, entry or option with that label."""
        place, mark = seen.place, len(self._server.news)
        element, option = control(seen.raw["blocks"], label)
        in_view = isinstance(place, dict)
        tap = self._wire.tap_view if in_view else self._wire.tap
        response = self._wire.interact(tap(self.user, place, element, option))
        assert response.status_code == 200, response.text
        return self._after(mark, tapped=None if in_view else place)

    def chooses(self, form: Seen, **fields: str) -> Seen:
        """Choose in an open form what changes the rest of it; the form as it is then."""
        view, mark = dict(form.raw), len(self._server.news)
        values = dict(_values(view["blocks"], fields))
        block = next(block for block in view["blocks"] if block.get("dispatch_action"))
        filled = view | {"state": {"values": {name: {_action(view, name): held} for name, held in values.items()}}}
        chosen = {"selected_option": values[block["block_id"]]["selected_option"]}
        payload = self._wire.tap_view(self.user, filled, block["element"], **chosen)
        assert self._wire.interact(payload).status_code == 200
        return self._after(mark)

    def searches(self, form: Seen, field: str, words: str) -> list[str]:
        """Type into a search field of an open form: the labels that come up."""
        return [option["text"]["text"] for option in self.options(form, field, words)]

    def options(self, form: Seen, field: str, words: str) -> list[Json]:
        """The same with their values."""
        payload = self._wire.suggestion(self.user, form.raw, field, _action(form.raw, field), words)
        response = self._wire.interact(payload)
        assert response.status_code == 200, response.text
        return response.json()["options"]

    def picks(self, callback: str, message: Message) -> Seen:
        """Choose an entry of a message's menu."""
        mark = len(self._server.news)
        assert self._wire.interact(self._wire.message_action(self.user, callback, message)).status_code == 200
        return self._after(mark)

    def submits(self, form: Seen, **fields: str) -> Seen:
        """Fill the modal, inputs not named with what they show, and send it."""
        view, mark = dict(form.raw), len(self._server.news)
        values = dict(_values(view["blocks"], fields))
        names = {name: _action(view, name) for name in values}
        response = self._wire.interact(self._wire.submit(self.user, view, values, names))
        assert response.status_code == 200, response.text
        told = response.json() if response.content else {}
        if told.get("response_action") == "errors":
            return Seen(form.title, "\n".join(told["errors"].values()), form.buttons, form.inputs, view, form.place)
        return _form({"id": view["id"]} | told["view"]) if "view" in told else self._after(mark)

    def opens_home(self) -> Seen:
        """Look at the app's home page."""
        opened = {"type": "app_home_opened", "user": self.user, "channel": self.private, "tab": "home"}
        self._wire.push(self._wire.event(opened))
        view = self._server.wait(lambda: self._server.homes.get(self.user))
        return _seen(Message("", "", "", view["blocks"]))

    def inbox(self) -> list[Seen]:
        """What stands in the private chat with the app."""
        standing = self._server.standing(self.private)
        return [_seen(each) for each in standing if not each.seen_by and not _is_history(each)]

    def group(self, conversation: str) -> list[Seen]:
        """What stands in a channel for everybody."""
        return [_seen(each) for each in self._server.standing(conversation) if not each.seen_by]

    @property
    def private(self) -> str:
        """The id of the private chat with the app."""
        return self._server.direct(self.user)

    def _after(self, mark: int, tapped: Message | None = None) -> Seen:
        """What this person sees next: a form, the tapped card anew, or a message to them."""
        self._run()

        def found() -> Any:
            fresh = [each for each in self._server.news[mark:] if self._concerns(each, tapped)]
            return min(fresh, key=lambda each: _rank(each, tapped), default=None)

        shown = self._server.wait(found, PATIENCE)
        return _form(shown) if isinstance(shown, dict) else _seen(shown)

    def _concerns(self, news: Any, tapped: Message | None) -> bool:
        if isinstance(news, dict):
            return news["callback_id"] != "wait"
        is_mine = news is tapped or self.user == news.seen_by or news.channel == self.private
        return is_mine and not _is_history(news)


def join(
    server: SlackDouble, users: Mapping[str, str], *, team: str, token: str, channels: tuple[str, ...] = ()
) -> None:
    """Make a workspace known to the double: `users` maps ids to names."""
    server.tokens[token] = team
    for user, name in users.items():
        server.user(user, name=name)
    server.channels.update({channel: {"is_member": True} for channel in channels})


def _is_history(message: Message) -> bool:
    """A line under a card, of what has happened with it."""
    return message.metadata.get("event_payload", {}).get("key") == "thread"


def _rank(news: Any, tapped: Message | None) -> int:
    return 0 if isinstance(news, dict) else 1 if news.seen_by else 2 if news is tapped else 3


def _seen(message: Message) -> Seen:
    headers = [block["text"]["text"] for block in message.blocks if block["type"] == "header"]
    title = next(iter(headers), "")
    for mark in MARKS:
        title = title.removeprefix(mark)
    labels = tuple(label for label, _, _ in _controls(message.blocks))
    raw = {"text": message.text, "blocks": message.blocks}
    return Seen(title, html.unescape(message.text), labels, raw=raw, place=message)


def _action(view: Json, name: str) -> str:
    """The name of a field's element."""
    return next(block["element"]["action_id"] for block in view["blocks"] if block.get("block_id") == name)


def _form(view: Json) -> Seen:
    if "submit" not in view:
        shown = _seen(Message("", "", _words(view["blocks"]), view["blocks"]))
        return Seen(shown.title or view["title"]["text"], shown.text, shown.buttons, raw=view, place=view)
    asked = [block for block in view["blocks"] if block["type"] == "input"]
    text = "\n".join([view["title"]["text"], *(block["label"]["text"] for block in asked)])
    names = tuple(block["block_id"] for block in asked if not block["block_id"].endswith(":time"))
    return Seen(view["title"]["text"], text, (view["submit"]["text"],), names, view, view)


def _words(blocks: list[Json]) -> str:
    """All that is written in a modal."""
    texts = [block.get("text", {}).get("text", "") for block in blocks]
    inside = [
        part.get("text", "") for block in blocks for part in (*block.get("fields", ()), *block.get("elements", ()))
    ]
    return "\n".join([*texts, *(text for text in inside if isinstance(text, str))])


def control(blocks: list[Json], label: str) -> tuple[Json, Json | None]:
    """The element with that label, and its option where the label is an option's."""
    found = [(element, option) for shown, element, option in _controls(blocks) if shown == label]
    assert found, f"no button {label!r} among {[shown for shown, _, _ in _controls(blocks)]}"
    return found[0]


def _controls(blocks: list[Json]) -> Iterator[tuple[str, Json, Json | None]]:
    """Label, element and option of everything that can be tapped."""
    for block in blocks:
        for element in (*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())):
            if element["type"] == "button":
                yield element["text"]["text"], element, None
            yield from ((option["text"]["text"], element, option) for option in element.get("options", ()))


def _values(blocks: list[Json], fields: Mapping[str, str]) -> Iterator[tuple[str, Json]]:
    """What each input holds when the form is sent, as Slack says it."""
    for block in blocks:
        if block["type"] == "input":
            name, element = block["block_id"], block["element"]
            given = fields.get(name.removesuffix(":time"))
            yield name, {"type": element["type"]} | _held(name, element, given)


def _held(name: str, element: Json, given: str | None) -> Json:
    day, _, clock = (given or "").replace("T", " ").partition(" ")
    match element["type"]:
        case "datepicker":
            return {"selected_date": day or element.get("initial_date")}
        case "timepicker":
            return {"selected_time": (clock if name.endswith(":time") else day) or element.get("initial_time")}
        case "static_select":
            return {"selected_option": _chosen(element, given) or element.get("initial_option")}
        case "external_select":
            option = {"text": {"type": "plain_text", "text": given}, "value": given} if given else None
            return {"selected_option": option or element.get("initial_option")}
        case _:
            return {"value": element.get("initial_value") if given is None else given or None}


def _chosen(element: Json, given: str | None) -> Json | None:
    groups = element.get("option_groups", ({"options": element.get("options", ())},))
    options = [option for group in groups for option in group["options"]]
    return next((option for option in options if given in (option["value"], option["text"]["text"])), None)
