"""Every table, by noun. Import from here."""

from crm.models.base import Base, Tenant
from crm.models.lead import Activity, Assignment, Credit, Lead, Offer, Task
from crm.models.member import ChatIdentity, ClaimEntry, LinkCode, Member, RepLoad
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
from crm.models.person import Person, PersonKey
from crm.models.platform_token import PlatformToken
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

__all__ = [
    "Activity", "Assignment", "Base", "ChatIdentity", "ClaimEntry", "Clock", "Conversation", "Credit", "Decision",
    "Delivery", "Department", "DigestSubscription", "ImportJob", "Lead", "Leave", "Line", "LinkCode", "Member",
    "Message", "Offer", "Organization", "PendingForm", "Person", "PersonKey", "Pipeline", "PlatformToken", "Pool",
    "PoolScope", "PostedCard", "Rehearsal", "RepLoad", "RuleCursor", "RulePause", "RuleSet", "Run", "SendLedger",
    "Source", "Stage", "Task", "TeamCalendar", "Tenant", "Workspace",
]  # fmt: skip
