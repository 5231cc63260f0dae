"""What the API answers with. Names here are a contract: they are added to, never changed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel


class ContactShape(BaseModel):
    """A phone, e-mail or WeChat id; masked without the scope contacts:read."""

    kind: str
    value: str


class CustomerShape(BaseModel):
    """Whom a lead is about."""

    id: int
    name: str
    company: str
    title: str
    contacts: list[ContactShape]


class LeadShape(BaseModel):
    """A lead. `stage` is the organization's own step, `funnel` what it counts as; money is a decimal as text."""

    id: int
    ref: str
    person: CustomerShape
    status: str
    stage: str
    funnel: str | None
    line: str
    owner_id: int | None
    owner: str | None
    owner_email: str | None
    pool: str | None
    source: str | None
    origin: str
    channel: str | None
    campaign: str | None
    level: str | None
    product: str | None
    region: str | None
    amount: Decimal | None
    currency: str | None
    score: int
    tags: list[str]
    custom: dict[str, Any] | None
    touches: int
    wave: int
    lost_reason: str | None
    merged_into: str | None
    follows: str | None
    version: int
    created_at: datetime
    assigned_at: datetime | None
    contacted_at: datetime | None
    followed_up_at: datetime | None
    stage_entered_at: datetime
    closed_at: datetime | None
    recycle_at: datetime | None


class PersonShape(BaseModel):
    """A person and the references of the leads. `merged_into` is the person that stands for this one."""

    id: int
    name: str
    company: str
    title: str
    contact_state: str | None
    contacts: list[ContactShape]
    leads: list[str]
    created_at: datetime
    merged_into: int | None
    erased_at: datetime | None


class CreditShape(BaseModel):
    """Who earned which share of a won lead, by which version of the rules; void since `voided_at`."""

    id: int
    lead: str
    member_id: int
    member: str
    member_email: str | None
    part: str
    share: Decimal
    rules: int | None
    amount: Decimal | None
    currency: str | None
    at: datetime
    voided_at: datetime | None


class MemberShape(BaseModel):
    """A colleague."""

    id: int
    name: str
    email: str | None
    role: str
    department: str | None
    active: bool


class ChangeShape(BaseModel):
    """Something that happened. `id` is that of the event that hooks are told; `undone`: it was taken back since."""

    id: str
    topic: str
    at: datetime
    lead: str | None
    person_id: int | None
    member_id: int | None
    by_id: int | None
    facts: dict[str, Any]
    words: str | None
    undone: bool


class Leads(BaseModel):
    """A page; `next` is the cursor of the one after it."""

    data: list[LeadShape]
    next: str | None


class Credits(BaseModel):
    """A page; `next` is the cursor of the one after it."""

    data: list[CreditShape]
    next: str | None


class Members(BaseModel):
    """All colleagues, also those who have left."""

    data: list[MemberShape]


class Changes(BaseModel):
    """A page in the order in which things became true. `next` is where to go on, also when this is all for now."""

    data: list[ChangeShape]
    next: str
    more: bool
