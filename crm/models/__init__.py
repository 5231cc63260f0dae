"""Every table, by noun. Import from here."""

from crm.models.asking import Attachment, PendingLine, Question, RecentLead
from crm.models.base import Base, Tenant
from crm.models.catalogue import CustomField, ListChange, ListEntry
from crm.models.contact import ChatPerson, ChatUnit, ContactFollow, ContactMove
from crm.models.event import Event, EventGuest, EventLink, EventMaterial, EventQuestion, Form, PhoneCode
from crm.models.importing import ImportChunk, ImportRow, ShadowTime, SheetMapping
from crm.models.intake import FeedEvent, OwedFetch
from crm.models.interfaces import ApiToken, Happening, Hook, HookCall
from crm.models.lead import Activity, Assignment, Credit, Lead, Offer, Task
from crm.models.leaving import Duty, HandOver, HandOverItem
from crm.models.member import ChatIdentity, ClaimEntry, LinkCode, Member, RepLoad
from crm.models.merging import Duplicate, Merge
from crm.models.message import (
    Clock,
    Conversation,
    Delivery,
    ImportJob,
    Message,
    PendingForm,
    PostedCard,
    SendLedger,
)
from crm.models.organization import Department, Leave, Organization, TeamCalendar, Workspace
from crm.models.own_lists import CalendarFeed, SavedList, Star
from crm.models.person import Person, PersonKey
from crm.models.platform_token import PlatformToken
from crm.models.privacy import Audit, AuditHead, AuditSeal, Erasure, SealedKey, Suppression
from crm.models.setup import (
    Decision,
    DigestSubscription,
    Line,
    Pipeline,
    Pool,
    PoolScope,
    Rehearsal,
    RuleCursor,
    RulePause,
    RuleSet,
    Run,
    Source,
    Stage,
)
from crm.models.source_figures import SourceCost, SourceHour, SourceRefusal

__all__ = [
    "Activity", "ApiToken", "Assignment", "Attachment", "Audit", "AuditHead", "AuditSeal", "Base", "CalendarFeed",
    "ChatIdentity", "ChatPerson", "ChatUnit", "ClaimEntry", "Clock", "ContactFollow", "ContactMove", "Conversation",
    "Credit", "CustomField", "Decision", "Delivery", "Department", "DigestSubscription", "Duplicate", "Duty", "Erasure",
    "Event", "EventGuest", "EventLink", "EventMaterial", "EventQuestion", "FeedEvent", "Form", "HandOver",
    "HandOverItem", "Happening", "Hook", "HookCall", "ImportChunk", "ImportJob", "ImportRow", "Lead", "Leave", "Line",
    "LinkCode", "ListChange", "ListEntry", "Member", "Merge", "Message", "Offer", "Organization", "OwedFetch",
    "PendingForm", "PendingLine", "Person", "PersonKey", "PhoneCode", "Pipeline", "PlatformToken", "Pool", "PoolScope",
    "PostedCard", "Question", "RecentLead", "Rehearsal", "RepLoad", "RuleCursor", "RulePause", "RuleSet", "Run",
    "SavedList", "SealedKey", "SendLedger", "ShadowTime", "SheetMapping", "Source", "SourceCost", "SourceHour",
    "SourceRefusal", "Stage", "Star", "Suppression", "Task", "TeamCalendar", "Tenant", "Workspace",
]  # fmt: skip
