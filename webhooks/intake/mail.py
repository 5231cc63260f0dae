"""E-mail as a lead: a raw message (RFC 822), posted as it is or as a field of an inbound-parse service.

Who wrote it, which phone stands in it, and what was wanted. Notices of other people's forms are read by their labelled
lines, forwarded messages by who wrote first; machines' mail is passed over with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email import policy
from email.errors import HeaderParseError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses

import phonenumbers

from crm.models import Source
from crm.rules import clean
from crm.rules.arrival import of_fields
from crm.rules.keys import normalise_email, normalise_phone
from crm.services import houses
from crm.uow import UnitOfWork
from webhooks.intake import belief, bodies, mail_text
from webhooks.intake.items import Came, Format, Item, Passed, Told
from webhooks.intake.mail_text import Forwarded
from webhooks.intake.post import Post, TurnedAway

MEDIA = "message/rfc822"
UNREADABLE = "The body cannot be read: it is no e-mail."
AUTOMATIC = "An automatic reply is not a lead."
BOUNCE = "A message that could not be delivered is not a lead."
BULK = "Mail of a machine or to a list, without a contact in it, is not a lead."
_RAW_FIELDS = ("email", "body-mime", "message", "raw")
"""Where inbound-parse services put the raw message: SendGrid's raw posts, Mailgun's MIME posts."""
_MACHINES = ("mailer-daemon", "postmaster")
_PARSER = BytesParser(policy=policy.default)


def item_of(raw: bytes, region: str) -> Item:
    """The lead in a message, or why there is none. Args: region: ISO country of phones without a country code.

    Raises: TurnedAway with 400 for what is no message at all.
    """
    message = _PARSER.parsebytes(raw)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise TurnedAway(400, UNREADABLE)
    why = _passed_over(message)
    return Passed(why) if why else _came(message, region)


def _came(message: EmailMessage, region: str) -> Came | Passed:
    written = mail_text.of(message)
    inner = mail_text.forwarded(written, _header(message, "Subject"))
    said = mail_text.without_history(inner.text if inner else written)
    labelled = dict(mail_text.labelled(said))
    contact = _known(labelled)
    if _is_of_a_machine(message) and not contact.keys() & {"phone", "email", "wechat"}:
        return Passed(BULK)
    fields = _sender(message, inner) | contact
    if "email" in labelled and "name" not in labelled:
        # A form's own address wrote, and its name is not the customer's.
        fields.pop("name", None)
    if "phone" not in fields and (phones := list(_phones(said, region))):
        fields["phone"] = ";".join(phones)
    fields["note"] = _note(message, said, labelled, inner)
    return Came(of_fields({name: value for name, value in fields.items() if value}), own_id(message))


def own_id(message: EmailMessage) -> str:
    """The Message-ID, by which a message that is delivered twice is known."""
    return clean.line(_header(message, "Message-ID"))


def _sender(message: EmailMessage, inner: Forwarded | None) -> dict[str, str]:
    """Who wrote: of a forwarded message who wrote that, else who shall be answered, or who sent it."""
    if inner and inner.email:
        return {"name": inner.name, "email": inner.email}
    replies = _addresses(message, "Reply-To")
    name, address = next(iter(replies or _addresses(message, "From")), ("", ""))
    if replies and not name:
        name = next((called for called, _ in _addresses(message, "From")), "")
    return {"name": "" if "@" in name else name, "email": address}


def _known(labelled: dict[str, str]) -> dict[str, str]:
    """The labelled lines that are fields, as far as they can be what they say."""
    checks = {"phone": lambda value: bool(normalise_phone(value)), "email": lambda value: bool(normalise_email(value))}
    return {name: value for name, value in labelled.items() if name not in checks or checks[name](value)}


def _phones(text: str, region: str) -> Iterator[str]:
    """Phone numbers that stand somewhere in the text, at most three."""
    found = phonenumbers.PhoneNumberMatcher(text, region)
    seen: set[str] = set()
    for match in found:
        number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        if number not in seen and len(seen) < 3:
            seen.add(number)
            yield number


def _note(message: EmailMessage, said: str, labelled: dict[str, str], inner: Forwarded | None) -> str:
    subject = clean.line((inner.subject if inner else "") or _header(message, "Subject"))
    files = mail_text.attachments(message)
    left_out = f"(Attachments left out: {', '.join(files)})" if files else ""
    return clean.text("\n".join(filter(None, [subject, labelled.get("note") or said, left_out])))


def _passed_over(message: EmailMessage) -> str | None:
    """Why nobody wrote this: it is an answer of a machine, or about a message."""
    local = next((address for _, address in _addresses(message, "From")), "").partition("@")[0]
    returned = message.get_content_type() == "multipart/report" or _header(message, "Return-Path") == "<>"
    if returned or local in _MACHINES:
        return BOUNCE
    replied = _header(message, "Auto-Submitted").lower().startswith("auto-replied")
    marked = any(_header(message, name) for name in ("X-Autoreply", "X-Autorespond"))
    return AUTOMATIC if replied or marked or _header(message, "Precedence").lower() == "auto_reply" else None


def _is_of_a_machine(message: EmailMessage) -> bool:
    """A newsletter, or a notice such as that of a form."""
    automatic = _header(message, "Auto-Submitted").lower() not in ("", "no")
    to_many = _header(message, "Precedence").lower() in ("bulk", "list", "junk") or bool(_header(message, "List-Id"))
    return automatic or to_many


def _addresses(message: EmailMessage, name: str) -> Sequence[tuple[str, str]]:
    """Names with addresses that are ones."""
    found = getaddresses([_header(message, name)])
    return [(clean.line(called), good) for called, address in found if (good := normalise_email(address))]


def _header(message: EmailMessage, name: str) -> str:
    """A header as text; one that cannot be read is none."""
    try:
        return str(message.get(name, "")).strip()
    except (HeaderParseError, ValueError, IndexError, AttributeError, TypeError):
        # The standard parser of headers stumbles over some that nobody should send.
        return ""


def _raw(post: Post) -> bytes:
    """The message: the body itself, or a field of a form. Raises TurnedAway with 400."""
    if post.kind == MEDIA:
        return post.body
    values = bodies.read(post)
    raw = next((value for name in _RAW_FIELDS if isinstance(value := values.get(name), str) and value), None)
    if raw is None:
        raise TurnedAway(400, UNREADABLE)
    return raw.encode(errors="surrogateescape")


def _told(uow: UnitOfWork, _source: Source, post: Post) -> Told:
    return Told([item_of(_raw(post), houses.of(uow).region)])


def _believes(post: Post, secrets: belief.Secrets) -> bool:
    """By the key: as bearer, as a password in the address, or as `?key=`, which is all that some services can send."""
    given = [found for found in (belief.password(post), belief.in_address(post, "key")) if found is not None]
    return bool(given) and all(belief.is_one_of(one, secrets.keys) for one in given)


MAIL = Format(_told, _believes, media=(MEDIA,))
