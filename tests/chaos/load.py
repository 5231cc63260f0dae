"""What people and sources do all day, drawn by chance: each does one thing after the other, many do so at once."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from tests.chaos.courier import Courier, Letter, Numbers, Sealed
from tests.chaos.ledger import Ledger
from tests.doubles.slack import Message
from tests.doubles.wecom_caller import Caller
from tests.drivers.slack import _values
from tests.drivers.slack_wire import FORM, JSON, Wire, sign
from tests.rounds import rounds

POLITE = (b"cannot reach its database",)
BUSY = "Sluice is busy"
# What a day is made of, in shares.
SHARES = {
    "log": 20, "note": 10, "remind": 10, "claim": 16, "release": 6, "undo": 6, "form": 6, "read": 14, "lead": 12,
}  # fmt: skip
READS = ("my", "today", "find Lu", "pool", "funnel me", "help", "week")
REST = rounds(short=150, full=20), rounds(short=450, full=100)
"""Milliseconds that somebody thinks, at least and at most; in the short form nobody reaches the limits of WeCom."""


@dataclass
class Person:
    """Somebody on one platform. Attributes: holds: the references of leads that are hers, as far as she knows."""

    platform: str
    user: str
    member_id: int
    holds: list[str]
    form: dict[str, Any] | None = None


@dataclass
class Market:
    """References of leads that are free, as far as anybody knows; they are looked at, not taken out."""

    free: list[str] = field(default_factory=list)
    tried: set[tuple[int, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, ref: str) -> None:
        with self._lock:
            self.free.append(ref)

    def pick(self, person: Person, chance: random.Random) -> str:
        """A lead that this person has not tried to claim before, one of the oldest; none is left: an empty word."""
        with self._lock:
            fresh = (ref for ref in self.free if (person.member_id, ref) not in self.tried)
            ref = chance.choice(list(islice(fresh, 6)) or [""])
            self.tried.add((person.member_id, ref))
        return ref


@dataclass
class Lane:
    """One stretch of the day: some people who take turns, and what they do."""

    people: list[Person]
    chance: random.Random
    courier: Courier
    ledger: Ledger
    market: Market
    numbers: Numbers
    wire: Wire
    caller: Caller
    posted: Market

    def run(self, stop: threading.Event) -> None:
        """Go on until told to stop."""
        turn = 0
        while not stop.is_set():
            self.act(self.people[turn % len(self.people)])
            turn += 1
            stop.wait(self.chance.uniform(*REST) / 1000)

    def act(self, person: Person) -> None:
        """One thing, by chance."""
        kind = self.chance.choices(list(SHARES), list(SHARES.values()))[0]
        if kind == "lead":
            self._post_lead()
        elif kind == "claim":
            self._claim(person)
        elif kind == "form" and person.form:
            self._fill(person, person.form)
        elif kind == "undo":
            self._say(person, "undo", "undo", "")
        elif kind == "read" or not person.holds:
            self._say(person, "read", self.chance.choice(READS), "")
        else:
            self._work(person, "log" if kind == "form" else kind)

    def _work(self, person: Person, kind: str) -> None:
        ref, mark = self.chance.choice(person.holds), self._mark()
        words = {
            "log": f"log {ref} called {mark}", "note": f"note {ref} {mark}", "release": f"release {ref} {mark}",
            "remind": f"remind {ref} in {self.chance.randint(1, 40)} hours {mark}",
        }  # fmt: skip
        body = self._say(person, kind, words[kind], mark)
        if kind == "release" and body is not None:
            person.holds.remove(ref)

    def _claim(self, person: Person) -> None:
        ref = self.market.pick(person, self.chance)
        if not ref:
            self._say(person, "read", "pool", "")
            return
        mark = f"{person.member_id}:{ref.removeprefix('L-')}"
        if person.platform == "slack" and self.chance.random() < 0.5:
            self._tap(person, ref, mark)
        else:
            body = self._say(person, "claim", f"claim {ref}", mark)
            if body is not None and (person.platform == "wecom" or b"Yours" in body):
                person.holds.append(ref)

    def _say(self, person: Person, kind: str, words: str, mark: str) -> bytes | None:
        if person.platform == "wecom":
            return self._write(person, kind, words, mark)
        if self.chance.random() < 0.25:
            return self._message(person, kind, words, mark)
        fields = self.wire.command_fields(person.user, words, "D" + person.user[1:])
        asked = self.ledger.open("slack", kind, fields["trigger_id"], mark=mark, member=person.member_id)
        return self.courier.bring(Letter(asked, self._form(fields), _is_polite))

    def _message(self, person: Person, kind: str, words: str, mark: str) -> bytes | None:
        """Written to the app: Slack repeats such an event by itself."""
        said = {"type": "message", "channel_type": "im", "channel": "D" + person.user[1:], "text": words}
        event = self.wire.event(said | {"user": person.user, "ts": f"{time.time():.6f}"})
        body = json.dumps(event).encode()
        asked = self.ledger.open("slack", kind, event["event_id"], mark=mark, member=person.member_id)
        return self.courier.bring(Letter(asked, lambda number: self._signed(body, JSON, number)))

    def _tap(self, person: Person, ref: str, mark: str) -> None:
        """The button of a card in the team's channel."""
        channel = f"C{self.wire.team}SALES"
        card = Message(channel, f"1700{self.numbers():06d}.000100", "Lead", [])
        payload = self.wire.tap(person.user, card, {"type": "button", "action_id": "lead.claim", "value": ref})
        stamp = payload["actions"][0]["action_ts"] = f"{int(time.time())}.{self.numbers():06d}"
        asked = self.ledger.open("slack", "claim", stamp, mark=mark, member=person.member_id)
        self.courier.bring(Letter(asked, self._form({"payload": json.dumps(payload)}), _is_polite))

    def _fill(self, person: Person, form: Mapping[str, Any]) -> None:
        """A form that was opened before, with a note in it."""
        mark = self._mark()
        view = dict(form) | {"id": f"V{self.wire.team}{self.numbers()}"}
        values = dict(_values(view["blocks"], {"note": f"met them {mark}"}))
        payload = self.wire.submit(person.user, view, values)
        asked = self.ledger.open("slack", "form", view["id"], mark=mark, member=person.member_id)
        self.courier.bring(Letter(asked, self._form({"payload": json.dumps(payload)}), _is_polite))

    def _write(self, person: Person, kind: str, words: str, mark: str) -> bytes | None:
        """A line to the app in WeCom."""
        token = str(next(self.caller.ids))
        xml = self.caller.message(person.user, MsgType="text", Content=words, MsgId=int(token))
        asked = self.ledger.open("wecom", kind, token, mark=mark, member=person.member_id)

        def seal(_: int) -> Sealed:
            path, body = self.caller.sealed(xml)
            return Sealed(path, body, {"Content-Type": "text/xml"})

        return self.courier.bring(Letter(asked, seal, self._is_busy))

    def _post_lead(self) -> None:
        """A source posts a lead, and posts it again until it is told that it was taken in."""
        mark, number = self._mark(), self.numbers()
        fields = {"id": mark, "name": f"Guest {mark}", "phone": f"+86137{number:08d}", "company": f"Firm {mark}"}
        headers = {"Authorization": "Bearer web-key", "Content-Type": JSON, "Idempotency-Key": mark}
        asked = self.ledger.open("intake", "lead", mark, mark=mark)
        sealed = Sealed("/intake/web", json.dumps(fields).encode(), headers)
        body = self.courier.bring(Letter(asked, lambda _: sealed))
        if body is not None:
            self.posted.add(json.loads(body)["ref"])

    def _mark(self) -> str:
        return f"kx{self.numbers()}z"

    def _form(self, fields: Mapping[str, str]) -> Callable[[int], Sealed]:
        body = urlencode(fields).encode()
        return lambda number: self._signed(body, FORM, number)

    def _signed(self, body: bytes, kind: str, number: int) -> Sealed:
        stamp = str(int(time.time()))
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": sign(self.wire.secret, stamp, body)}
        again = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"} if number else {}
        return Sealed("/slack/events", body, {"Content-Type": kind} | headers | again)

    def _is_busy(self, body: bytes) -> bool:
        return BUSY in str((self.caller.opened(body) or {}).get("Content", ""))


def _is_polite(body: bytes) -> bool:
    return any(words in body for words in POLITE)
