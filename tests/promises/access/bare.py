"""Our code with every tenant filter taken out: what stays between two companies then is the database's own wall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine, event

from crm import hot

# `l.org_id = :org` however it is written: by hand, by the mapper, or with the driver's signs.
_FILTER = re.compile(r"\b(?:\w+\.)?org_id\s*=\s*(?:cast\()?%\((?:org|org_id|o)(?:_\d+)?\)s(?:::\w+)?(?: as bigint\))?")


@dataclass
class Taken:
    """How many filters were taken out, of which statements."""

    filters: int = 0
    statements: set[str] = field(default_factory=set)

    def out_of(self, words: str) -> str:
        bare, count = _FILTER.subn("true", words)
        self.filters += count
        if count:
            self.statements.add(words)
        return bare


@contextmanager
def without_filters(engine: Engine) -> Iterator[Taken]:
    """No statement asks for its tenant any more, neither by SQLAlchemy nor straight to the driver."""
    taken, known = Taken(), hot._known

    def rewrite(_connection: Any, _cursor: Any, words: str, args: Any, _context: Any, _many: bool) -> tuple[str, Any]:
        return taken.out_of(words), args

    event.listen(engine, "before_cursor_execute", rewrite, retval=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hot, "_known", lambda statement: hot.Known(taken.out_of(known(statement).words.decode())))
        try:
            yield taken
        finally:
            event.remove(engine, "before_cursor_execute", rewrite)
