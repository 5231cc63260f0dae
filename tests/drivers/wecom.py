"""Drives WeCom as a person would: real encrypted callbacks in, and a look at what the screen then shows."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.doubles.wecom import Sent, WeComDouble
from tests.doubles.wecom_caller import Caller, Reply, snake_card
from tests.doubles.wecom_rules import advice, check_card
from tests.drivers.base import Seen

PATIENCE = 3.0
_MARKUP = re.compile(r"</?font[^>]*>|\*\*|^> ", re.MULTILINE)


class WeComDriver:
    """One member of one company.

    Args:
        caller: posts callbacks to the app under test.
        user: the member's userid, known to the double.
        run_jobs: does what is due; called where an answer comes by a job.
    """

    def __init__(
        self, caller: Caller, wecom: WeComDouble, user: str, *, run_jobs: Callable[[], None] = lambda: None
    ) -> None:
        self._caller, self._wecom, self.user, self._run = caller, wecom, user, run_jobs

    def says(self, text: str, *, conversation: str | None = None) -> Seen:
        """Type a line to the app; WeCom brings no group's messages."""
        assert conversation is None, "an app hears nothing in a group"
        mark = len(self._wecom.sent)
        return self._after(mark, self._caller.text(self.user, text))

    def taps(self, seen: Seen, label: str) -> Seen:
        """Tap the button or menu entry with that label, or choose the option and send the choice."""
        sent, mark = seen.place, len(self._wecom.sent)
        kind, key, picks = _control(sent.card, label)
        return self._after(mark, self._press(sent, kind, key, picks), tapped=sent)

    def submits(self, form: Seen, **fields: str) -> Seen:
        """Send the card of choices, or type the answers in one line."""
        mark = len(self._wecom.sent)
        if not _selects(form.raw):
            return self._after(mark, self._caller.text(self.user, "; ".join(fields.values())))
        picks = dict(_picks(_selects(form.raw), fields))
        key = form.raw["submit_button"]["key"]
        return self._after(mark, self._press(form.place, "template_card_event", key, picks), tapped=form.place)

    def inbox(self) -> list[Seen]:
        """What stands in the chat with the app."""
        return [_seen([each]) for each in self._wecom.messages(self.user)]

    def group(self, conversation: str) -> list[Seen]:
        """What stands in an app's group chat or was said by a robot (its key)."""
        return [_seen([each]) for each in self._wecom.messages(conversation)]

    def _press(self, sent: Sent, event: str, key: str, picks: Mapping[str, str]) -> Reply:
        items = [{"QuestionKey": name, "OptionIds": {"OptionId": option}} for name, option in picks.items()]
        told: dict[str, Any] = {"SelectedItems": {"SelectedItem": items}} if items else {}
        card, code = sent.card, self._wecom.new_code(sent)
        reply = self._caller.event(
            self.user,
            event,
            EventKey=key,
            TaskId=card["task_id"],
            CardType=card["card_type"],
            ResponseCode=code,
            **told,
        )
        if reply.xml is not None:
            sent.card = snake_card(reply.xml["TemplateCard"])
            check_card(sent.card)
            assert advice(sent.card) == []
        return reply

    def _after(self, mark: int, reply: Reply, tapped: Sent | None = None) -> Seen:
        """What this person sees next: new messages, the tapped card anew, or the text in the answer."""
        assert reply.status == 200
        self._run()
        if reply.xml is not None and reply.xml["MsgType"] == "text":
            return Seen(reply.xml["Content"].splitlines()[0], reply.xml["Content"])
        changed = [tapped] if tapped is not None and reply.xml is not None else []
        deadline = time.monotonic() + PATIENCE
        while not changed and not self._new(mark) and time.monotonic() < deadline:
            time.sleep(0.01)
        fresh = self._new(mark)
        return _seen([*fresh, *changed] or ([tapped] if tapped else []))

    def _new(self, mark: int) -> list[Sent]:
        return [each for each in self._wecom.sent[mark:] if each.to == self.user and each.shown]


def join(wecom: WeComDouble, users: Mapping[str, str]) -> None:
    """Make members known to the double: `users` maps userids to names."""
    wecom.people.update({user.lower(): {"name": name} for user, name in users.items()})


def _seen(messages: list[Sent]) -> Seen:
    """One or more messages as one thing to look at; the last card is the one that can be tapped."""
    if not messages:
        return Seen("", "")
    text = "\n".join(line for each in messages for line in _lines(each))
    card = next((each for each in reversed(messages) if each.card), messages[-1])
    title = card.card["main_title"]["title"] if card.card else text.splitlines()[0]
    asked = tuple(select["question_key"] for select in _selects(card.card))
    labels = tuple(label for label, _, _, _ in _controls(card.card))
    return Seen(title, text, labels, asked, raw=card.card or card.body, place=card)


def _lines(sent: Sent) -> Iterator[str]:
    card = sent.card
    if not card:
        yield from _MARKUP.sub("", sent.text or f"[{sent.body['msgtype']}]").splitlines()
        return
    yield from (card["main_title"]["title"], card["main_title"].get("desc", ""))
    yield from (f"{pair['keyname']}: {pair['value']}" for pair in card.get("horizontal_content_list", ()))
    yield card.get("sub_title_text", "")
    choices = [*_selects(card), *([card["button_selection"]] if "button_selection" in card else ())]
    yield from (option["text"] for choice in choices for option in choice["option_list"])


def _controls(card: Mapping[str, Any]) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Label, event, key and picks of everything that can be tapped."""
    if "replace_text" in card:
        return
    choice = card.get("button_selection")
    chosen = {choice["question_key"]: choice["selected_id"]} if choice else {}
    for button in card.get("button_list", ()):
        yield button["text"], "template_card_event", button.get("key", ""), chosen
    for jump in card.get("jump_list", ()):
        yield jump["title"], "view", jump["url"], {}
    for entry in card.get("action_menu", {}).get("action_list", ()):
        yield entry["text"], "template_card_menu_event", entry["key"], {}
    sends = [button["key"] for button in card.get("button_list", ()) if "|=" in button.get("key", "")]
    for option in choice["option_list"] if choice and sends else ():
        yield option["text"], "template_card_event", sends[0], {choice["question_key"]: option["id"]}
    if "submit_button" in card:
        yield card["submit_button"]["text"], "template_card_event", card["submit_button"]["key"], {}


def _selects(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a form asks: selects, or one list to tick, told in the same way."""
    box = card.get("checkbox")
    if box is None:
        return list(card.get("select_list", ()))
    ticked = next((option["id"] for option in box["option_list"] if option["is_checked"]), "")
    return [{**box, "selected_id": ticked}]


def _control(card: Mapping[str, Any], label: str) -> tuple[str, str, dict[str, str]]:
    """The control with that label, which the screen may show cut."""
    found = [rest for shown, *rest in _controls(card) if shown == label or label.startswith(shown.rstrip("…") or "?")]
    assert found, f"no button {label!r} among {[shown for shown, *_ in _controls(card)]}"
    event, key, picks = found[0]
    return event, key, picks


def _picks(selects: list[Mapping[str, Any]], fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What each choice of a form holds when it is sent: the option named by id or label, else the shown one."""
    for select in selects:
        given = fields.get(select["question_key"])
        named = [option["id"] for option in select["option_list"] if given in (option["id"], option["text"])]
        yield select["question_key"], next(iter(named), select["selected_id"])
