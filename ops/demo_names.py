"""Names, firms and sentences for the demo's customers, in Chinese and English, from `demo_words.yaml`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from crm.rules.arrival import Arrival

WORDS = Path(__file__).parent / "demo_words.yaml"
MOBILES = ("138", "139", "150", "158", "186", "188")


def customer(luck: Random, number: int, *, chinese: bool) -> Arrival:
    """Who lead `number` of the demo is; always the same for the same luck."""
    surname, given, place, firm, title, note = (
        luck.choice(_words(chinese)[key]) for key in ("surnames", "given", "places", "firms", "titles", "asks")
    )
    product, id_ = luck.choice(_every()["products"]), f"demo-{number}"
    if chinese:
        phone = f"{luck.choice(MOBILES)}{number:04d}{luck.randrange(10_000):04d}"
        who = Arrival(name=surname + given, company=place + firm, phone=phone, region=place)
    else:
        phone = f"+65 9{luck.randrange(1, 8)}{number:04d}{luck.randrange(100):02d}"
        email = f"{given}.{surname}.{number}@customer.example".lower().replace(" ", "")
        who = Arrival(
            name=f"{given} {surname}", company=f"{place} {firm}", phone=phone, email=email, region="Singapore"
        )
    return replace(who, title=title, note=note, product=product, external_id=id_)


def said(luck: Random, what: str, *, chinese: bool) -> str:
    """What a rep writes: `no_answer`, `again`, the stage that was reached, or why a lead was `lost`."""
    return str(luck.choice(_words(chinese)[what]))


@cache
def _every() -> dict[str, Any]:
    return dict(yaml.safe_load(WORDS.read_text(encoding="utf-8")))


def _words(chinese: bool) -> dict[str, list[str]]:  # noqa: FBT001
    found: dict[str, list[str]] = _every()["zh" if chinese else "en"]
    return found
