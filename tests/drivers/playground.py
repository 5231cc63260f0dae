"""Drives the playground as a person would, over its HTTP API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.testclient import TestClient

from bot.cards.as_json import card_from_json
from tests.drivers.base import Seen

API = "/playground/api"


class PlaygroundDriver:
    """One persona in one playground. `client` is any httpx client whose base address is the server's."""

    def __init__(self, client: TestClient, user: str, *, workspace: str = "playground") -> None:
        self._client, self.user = client, user
        self._where = {"workspace": workspace}

    def says(self, text: str, *, conversation: str | None = None) -> Seen:
        """Type a line, privately or in a group."""
        told = self._post("say", text=text, to=conversation or "sluice")
        return self._answer(told, told["message"]["id"])

    def taps(self, seen: Seen, label: str) -> Seen:
        """Tap the button, or choose the option, with that label."""
        tapped = _control(seen.raw, label)
        version = seen.raw.get("version")
        told = self._post("press", message=seen.place, version=version, **tapped)
        return self._answer(told, seen.place)

    def submits(self, form: Seen, **fields: str) -> Seen:
        """Fill the form's inputs, those not named with what they show, and send it."""
        filled = {each["name"]: each.get("value", "") for each in form.raw["inputs"]} | fields
        told = self._post(
            "press", message=form.place, action=form.raw["action"], value=form.raw.get("value", ""), fields=filled
        )
        return self._answer(told, form.place, form)

    def inbox(self) -> list[Seen]:
        """Cards that came by themselves: no answers to something said or tapped."""
        here = self._cards(f"dm:{self.user}")
        return [_seen(message) for message in here if message["reply_to"] is None]

    def group(self, conversation: str) -> list[Seen]:
        """Cards that stand in a group for everybody."""
        return [_seen(message) for message in self._cards(f"group:{conversation}") if not message["private"]]

    def sees(self, message: Mapping[str, Any]) -> Seen:
        """A message of the API as the person sees it."""
        return _seen(message)

    def _cards(self, place: str) -> list[dict[str, Any]]:
        told = self._client.get(f"{API}/messages", params={"as": self.user, **self._where}).json()
        cards = [each for each in told["messages"] if each["conversation"] == place and each["card"]]
        return sorted(cards, key=lambda each: int(each["id"]))

    def _post(self, verb: str, **body: Any) -> dict[str, Any]:
        answer = self._client.post(f"{API}/{verb}", params=self._where, json={"as": self.user, **body})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def _answer(self, told: Mapping[str, Any], about: Any, form: Seen | None = None) -> Seen:
        if told.get("form"):
            return _opened(told["form"], about)
        if told.get("errors"):
            assert form is not None, "only a form has field errors"
            return Seen(form.title, "\n".join(told["errors"].values()), inputs=form.inputs, raw=form.raw, place=about)
        return _seen(told["answer"]) if told.get("answer") else Seen("", told.get("notice", ""))


def _seen(message: Mapping[str, Any]) -> Seen:
    card = card_from_json(message["card"])
    labels = [button.label for button in card.buttons()]
    options = [option.label for select in card.selects() for option in select.options]
    return Seen(card.title, card.plain(), (*labels, *options), raw=message["card"], place=message["id"])


def _opened(form: Mapping[str, Any], about: Any) -> Seen:
    inputs = form["inputs"]
    text = "\n".join([form["title"], *(each["label"] for each in inputs)])
    return Seen(form["title"], text, (form["submit"],), tuple(each["name"] for each in inputs), form, about)


def _control(card: Mapping[str, Any], label: str) -> dict[str, str]:
    """What tapping that label sends."""
    found = (tapped for block in card.get("blocks", ()) for tapped in _controls(block, label))
    tapped = next(found, None)
    assert tapped is not None, f"no button {label!r} on {card['title']!r}"
    return tapped


def _controls(block: Mapping[str, Any], label: str) -> Iterator[dict[str, str]]:
    items = block.get("buttons", ()) if block["type"] == "row" else block.get("items", ())
    for item in items:
        if item["label"] == label and "action" in item:
            yield {"action": item["action"], "value": item.get("value", "")}
        chosen = (option for option in item.get("options", ()) if option["label"] == label)
        yield from ({"action": item["action"], "value": option["value"]} for option in chosen)
