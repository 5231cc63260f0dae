"""Descriptions of formats in a company file, or in files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from crm.formats import GENERIC, OWN, MappingError
from crm.services import source_formats
from crm.services.sources import KEYED
from ops.company_spec import SourcePart


def check(part: SourcePart, beside: Path | None) -> SourcePart:
    """The part with its description read from the file that it names. Raises MappingError."""
    given = part.mapping
    document = _read(beside, given) if isinstance(given, str) else given
    source_formats.check(part.kind, format_of(part, document), document)
    return part.model_copy(update={"mapping": document})


def format_of(part: SourcePart, document: Mapping[str, Any] | None) -> str:
    """The format that a source of the file uses."""
    return part.format or (OWN if document and part.kind == KEYED else GENERIC)


def _read(beside: Path | None, name: str) -> Mapping[str, Any]:
    if beside is None:
        raise MappingError([("mapping", "write it here, or give the file's place")])
    try:
        found = yaml.safe_load((beside / name).read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as exc:
        raise MappingError([("mapping", f"{name} cannot be read: {type(exc).__name__}")]) from None
    if not isinstance(found, Mapping):
        raise MappingError([("mapping", f"{name} is no mapping")])
    return found
