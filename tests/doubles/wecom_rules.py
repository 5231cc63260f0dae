"""What WeCom refuses, by error code: lengths in bytes, shapes of template cards, names of cards.

Display limits, which the real server only cuts, are told apart (`advice`), so that tests can insist on them too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

TASK_ID = re.compile(r"[0-9a-zA-Z_\-@]{1,128}")
ANSWERED = {"button_interaction", "vote_interaction", "multiple_interaction"}
"""Cards whose sending returns a response code; others do with an action menu."""


class Refused(Exception):
    """The server's `errcode`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def demand(holds: object, code: int) -> None:
    """Refuse unless it holds."""
    if not holds:
        raise Refused(code)


def size(text: Any) -> int:
    """Bytes of UTF-8; anything but text is a bad parameter."""
    demand(isinstance(text, str), 40058)
    return len(text.encode())


def check_message(body: Mapping[str, Any], *, types: set[str], markdown: int = 2048) -> None:
    """Refuse a message that the server would refuse."""
    kind = body.get("msgtype")
    demand(kind in types, 40008)
    content = body.get(kind)
    demand(isinstance(content, dict) and content, 40058)
    CHECKS[kind](content, markdown)


def _check_text(content: Mapping[str, Any], _: int) -> None:
    demand(size(content.get("content", "")) > 0, 44004)


def _check_markdown(content: Mapping[str, Any], limit: int) -> None:
    demand(0 < size(content.get("content", "")) <= limit, 45002)


def _check_image(content: Mapping[str, Any], _: int) -> None:
    demand(content.get("media_id") or (content.get("base64") and content.get("md5")), 40007)


def check_card(card: Mapping[str, Any]) -> None:
    """Refuse a template card as `message/send` does."""
    kind = card.get("card_type")
    demand(kind in {"text_notice", "news_notice", *ANSWERED}, 42031)
    menu = card.get("action_menu")
    if kind in ANSWERED or menu:
        demand(isinstance(card.get("task_id"), str) and TASK_ID.fullmatch(card["task_id"]), 42014)
    demand((card.get("main_title") or {}).get("title") or (kind == "text_notice" and card.get("sub_title_text")), 40058)
    _check_parts(card)
    if menu:
        demand(kind not in {"vote_interaction", "multiple_interaction"}, 42051)
        _check_keys(menu.get("action_list"), 3, 42051, 42051)
    KINDS[kind](card)


def _check_parts(card: Mapping[str, Any]) -> None:
    pairs = card.get("horizontal_content_list", [])
    demand(isinstance(pairs, list) and len(pairs) <= 6 and all(pair.get("keyname") for pair in pairs), 42035)
    jumps = card.get("jump_list", [])
    demand(isinstance(jumps, list) and len(jumps) <= 3 and all(jump.get("title") for jump in jumps), 42042)
    demand(all(re.match(r"https?://", jump.get("url", "")) for jump in jumps if jump.get("type") == 1), 42028)


def _check_notice(card: Mapping[str, Any]) -> None:
    action = card.get("card_action") or {}
    demand(action.get("type") in (1, 2) and (action.get("url") or action.get("appid")), 42045)


def _check_buttons(card: Mapping[str, Any]) -> None:
    buttons = card.get("button_list")
    demand(isinstance(buttons, list) and 1 <= len(buttons) <= 6, 42017)
    links = [button for button in buttons if button.get("type") == 1]
    demand(
        all(re.match(r"https?://", button.get("url", "")) and size(button["url"]) <= 2048 for button in links), 42028
    )
    demand(all(button.get("text") for button in buttons), 42038)
    demand(all(button.get("style") in (1, 2, 3, 4) for button in buttons), 40058)
    _check_keys([button for button in buttons if button.get("type") != 1] or None, 6, 42038, 42039, empty=bool(links))
    if selection := card.get("button_selection"):
        demand(0 < size(selection.get("question_key", "")) <= 1024, 42043)
        _check_options(selection.get("option_list"), selection.get("selected_id"))


def _check_multiple(card: Mapping[str, Any]) -> None:
    selects = card.get("select_list")
    demand(isinstance(selects, list) and 1 <= len(selects) <= 3, 42047)
    questions = [select.get("question_key", "") for select in selects]
    demand(len(set(questions)) == len(questions) and all(0 < size(each) <= 1024 for each in questions), 42043)
    for select in selects:
        _check_options(select.get("option_list"), select.get("selected_id"))
    _check_submit(card)


def _check_vote(card: Mapping[str, Any]) -> None:
    box = card.get("checkbox") or {}
    demand(0 < size(box.get("question_key", "")) <= 1024 and box.get("mode", 0) in (0, 1), 42043)
    options = box.get("option_list")
    demand(isinstance(options, list) and 1 <= len(options) <= 20, 42037)
    ids = [option.get("id", "") for option in options]
    demand(all(0 < size(each) <= 128 for each in ids) and len(set(ids)) == len(ids), 42040)
    demand(all(option.get("text") for option in options), 42041)
    demand(box.get("mode") == 1 or sum(bool(option.get("is_checked")) for option in options) <= 1, 40058)
    _check_submit(card)


def _check_submit(card: Mapping[str, Any]) -> None:
    submit = card.get("submit_button") or {}
    demand(0 < size(submit.get("key", "")) <= 1024, 42046)
    demand(submit.get("text"), 42049)


def _check_options(options: Any, selected: str | None) -> None:
    demand(isinstance(options, list) and 1 <= len(options) <= 10, 42037)
    ids = [option.get("id", "") for option in options]
    demand(all(0 < size(each) <= 128 for each in ids) and len(set(ids)) == len(ids), 42040)
    demand(all(option.get("text") for option in options), 42041)
    demand(selected is None or selected in ids, 42040)


def _check_keys(items: Any, most: int, text_code: int, key_code: int, *, empty: bool = False) -> None:
    if empty and not items:
        return
    demand(isinstance(items, list) and 1 <= len(items) <= most, key_code)
    demand(all(item.get("text") for item in items), text_code)
    keys = [item.get("key", "") for item in items]
    demand(all(0 < size(each) <= 1024 for each in keys) and len(set(keys)) == len(keys), key_code)


KINDS = {
    "text_notice": _check_notice,
    "news_notice": _check_notice,
    "button_interaction": _check_buttons,
    "vote_interaction": _check_vote,
    "multiple_interaction": _check_multiple,
}
CHECKS: dict[Any, Any] = {
    "text": _check_text,
    "markdown": _check_markdown,
    "image": _check_image,
    "file": lambda content, _: demand(content.get("media_id"), 40007),
    "template_card": lambda content, _: check_card(content),
}


def units(text: str) -> int:
    """Characters as a client counts them: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def advice(card: Mapping[str, Any]) -> list[str]:
    """Which display limits a card exceeds; the real client cuts those with an ellipsis."""
    return [name for name, text, limit in _shown(card) if units(text) > limit]


def _shown(card: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    title = card.get("main_title", {})
    yield "title", title.get("title", ""), 36
    yield "desc", title.get("desc", ""), 44
    yield "subtitle", card.get("sub_title_text", ""), 160
    yield "source", card.get("source", {}).get("desc", ""), 20
    for pair in card.get("horizontal_content_list", []):
        yield "keyname", pair.get("keyname", ""), 5
        yield "value", pair.get("value", ""), 30
    for button in [*card.get("button_list", []), *card.get("action_menu", {}).get("action_list", [])]:
        yield "button", button["text"], 10
    for select in [*card.get("select_list", []), *([card["button_selection"]] if "button_selection" in card else [])]:
        yield "question", select.get("title", ""), 13
    for option in card.get("checkbox", {}).get("option_list", []):
        yield "vote", option["text"], 17
    for jump in card.get("jump_list", []):
        yield "jump", jump["title"], 18
    yield "submit", card.get("submit_button", {}).get("text", ""), 10


def check_menu(menu: Mapping[str, Any]) -> None:
    """Refuse an app menu as `menu/create` does."""
    top = menu.get("button")
    demand(isinstance(top, list) and 1 <= len(top) <= 3, 40016)
    for each in top:
        demand(0 < size(each.get("name", "")) <= 16, 40018)
        subs = each.get("sub_button", [])
        demand(len(subs) <= 5, 40023)
        for entry in subs or [each]:
            _check_entry(entry, 40 if subs else 16)


def _check_entry(entry: Mapping[str, Any], name_bytes: int) -> None:
    demand(0 < size(entry.get("name", "")) <= name_bytes, 40018)
    demand(entry.get("type") in {"click", "view"}, 40017)
    demand(0 < size(entry.get("key", entry.get("url", ""))) <= 128, 40019)
