"""Sources of a company file that use a format: its description, and what the vendor's side gave us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.models import Source
from crm.services import source_formats, sources
from crm.vault import Vault
from ops.company_spec import SourcePart
from ops.init_rows import Rows
from ops.init_workspaces import resolve
from ops.source_files import format_of


def describe(rows: Rows, vault: Vault, part: SourcePart) -> None:
    """Give the source its format. What the file does not name stays as it was set in chat."""
    document = part.mapping if isinstance(part.mapping, Mapping) else None
    values: dict[str, Any] = {"format": format_of(part, document)} if part.format or document else {}
    values |= {"mapping": dict(document)} if document else {}
    if values:
        rows.put(Source, {"key": part.key}, values)
    _vendor(rows, vault, part)


def _vendor(rows: Rows, vault: Vault, part: SourcePart) -> None:
    if not part.vendor:
        return
    source = sources.find(rows.uow, part.key)
    rows.uow.session.refresh(source)
    known = source_formats.vendor_secrets(vault, source)
    for name, given in part.vendor.items():
        value = resolve(given)
        if known.get(name) != value:
            source_formats.keep_vendor_secret(rows.uow, vault, actor=None, key=part.key, name=name, value=value)
            rows.changed["source"] += 1
