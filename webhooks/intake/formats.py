"""The formats in which leads are posted, by the kind of source. A new one is a file beside this and a line here."""

from __future__ import annotations

from crm import formats
from crm.models import Source
from crm.services.sources import EMAIL, FEED, FORM, KEYED
from crm.uow import UnitOfWork
from webhooks.intake import bodies, feed, generic, mail, mapped, standard
from webhooks.intake.items import Came, Format, Told
from webhooks.intake.post import Post


def _generic(_uow: UnitOfWork, _source: Source, post: Post) -> Told:
    return Told([Came(*generic.read(bodies.read(post)))])


FORMATS: dict[str, Format] = {
    KEYED: Format(_generic, lambda post, secrets: standard.is_authentic(post, secrets.keys)),
    FORM: Format(_generic, None),
    EMAIL: mail.MAIL,
    FEED: feed.FEED,
}


def of(source: Source) -> Format:
    """How this source's posts are checked and read. Raises MappingError where its mapping is no longer understood."""
    mapping = formats.of_source(source.format, source.mapping) if source.kind == KEYED else None
    return mapped.format_of(mapping) if mapping else FORMATS[source.kind]
