"""What a template may ask for about the format of a source: its set-up in words, and what is still to fetch."""

from __future__ import annotations

from collections.abc import Iterator

from bot.cards.language import _, translate
from bot.cards.part import Part
from crm.models import Source
from crm.services import fetches, source_formats
from crm.services.fetches import Open
from crm.services.sources import EMAIL, FEED

_PLAIN = _(
    "Send leads to the address with the header Authorization: Bearer KEY, or sign them with it (Standard Webhooks)."
)
_MAIL = _(
    "Let your mail server pipe messages into: sluice mail {word} — or let an inbound-parse service post them to "
    "{address}?key={key}"
)
_FEED = _(
    "Post what people do in your product to the address as JSON, with the header Authorization: Bearer KEY. "
    "Who signs up is a lead; what known people do is added to theirs."
)

_NUMBERED = "field_1="  # in what there is to do at the sender's


class FormatFacts(Part):
    """The part of `Facts` that is about formats."""

    def format_name(self, source: Source) -> str:
        """What the sender is called; empty for leads by their usual names."""
        mapping = source_formats.mapping_of(source)
        return mapping.name if mapping else ""

    def setup(self, source: Source, key: str, address: str) -> Iterator[str]:
        """What to do at the sender's, line by line."""
        mapping = source_formats.mapping_of(source)
        written = mapping.setup if mapping else None
        if written is None:
            usual = translate(self.locale, self._usual(source))
            yield source_formats.filled(usual, source=source, address=address, key=key)
            return
        words = written.zh if self.locale == "zh" else written.en
        yield source_formats.filled(words, source=source, address=address, key=key)
        for need in mapping.needs if mapping else ():
            what = need.zh if self.locale == "zh" else need.en
            yield self.words.say(
                _("sources set {word} {name} … : {what}"), word=source.key, name=need.secret, what=what
            )

    def to_fetch(self, source: Source) -> Open | None:
        """What of its leads is not fetched yet; None where all are."""
        found = fetches.still_open(self.uow, source.id)
        return found if found.owed or found.failed else None

    def missing_secrets(self, source: Source) -> list[str]:
        """What the vendor's side has not given yet."""
        return source_formats.missing(source, self.uow.vault)

    def named_fields(self, source: Source) -> str | None:
        """Which of a form's numbered fields are which of ours: empty before it was said, None where it has no such."""
        mapping = source_formats.mapping_of(source)
        if mapping is None or mapping.setup is None or _NUMBERED not in mapping.setup.en:
            return None
        said = dict((source.mapping or {}).get("fields") or {})
        pairs = (
            (theirs, ours) for ours, paths in said.items() for theirs in ([paths] if isinstance(paths, str) else paths)
        )
        return ", ".join(f"{theirs}={ours}" for theirs, ours in sorted(pairs))

    def _usual(self, source: Source) -> str:
        return {EMAIL: _MAIL, FEED: _FEED}.get(source.kind, _PLAIN)
