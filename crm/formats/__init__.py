"""The formats in which senders post leads, beside our own: shipped ones by name, and those that an admin described."""

from __future__ import annotations

import json
from collections.abc import Mapping as Named
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from crm.formats.mapping import Mapping, MappingError, of, parse

GENERIC, OWN = "generic", "own"
"""Fields by their usual names; a description of the admin's own."""
_SHIPPED = Path(__file__).parent / "shipped"
_JOINED = ("fields", "names", "values", "defaults", "only", "skip", "must")
__all__ = ["GENERIC", "OWN", "Mapping", "MappingError", "complete", "named", "names", "of", "of_source", "parse"]


@cache
def names() -> tuple[str, ...]:
    """The shipped formats."""
    return tuple(sorted(file.stem for file in _SHIPPED.glob("*.yaml")))


@cache
def named(name: str) -> Mapping:
    """A shipped format. Raises MappingError naming those there are."""
    if name not in names():
        raise MappingError([("", f"there is no format {name!r}; there are {', '.join(names())}")])
    return parse((_SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"))


def complete(mapping: Mapping) -> Mapping:
    """The document with what it leaves to the format that it extends. Raises MappingError."""
    if mapping.extends is None:
        return mapping
    base = named(mapping.extends)
    changes = {name: getattr(mapping, name) for name in mapping.model_fields_set if name != "extends"}
    changes |= {name: getattr(base, name) | changes[name] for name in _JOINED if name in changes}
    return base.model_copy(update=changes)


def of_source(fmt: str, document: Named[str, Any] | None) -> Mapping | None:
    """How a source's posts are written; None: fields by their usual names."""
    if fmt == GENERIC:
        return None
    return _read(fmt, json.dumps(document) if document else "")


@lru_cache(maxsize=1000)
def _read(fmt: str, document: str) -> Mapping:
    if fmt == OWN:
        return complete(of(json.loads(document)))
    return complete(of({**json.loads(document), "extends": fmt})) if document else named(fmt)
