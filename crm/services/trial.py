"""A transaction as it would be if other rules were in force: for reading only."""

from __future__ import annotations

from sqlalchemy import text

from crm.rules.ruleset import Rules
from crm.uow import UnitOfWork

_READ_ONLY = text("set transaction read only")


class Trial(UnitOfWork):
    """What services read from it, they read under `trial`; it shares the session of the transaction it is made of."""

    trial: Rules

    @property
    def rules(self) -> Rules:
        """The rules that are tried."""
        return self.trial


def under(uow: UnitOfWork, rules: Rules) -> Trial:
    """The transaction under other rules."""
    made = Trial(uow.session, uow.time, org_id=uow.org_id, muted=True)
    made.now, made.rule_set_id, made.trial = uow.now, uow.rule_set_id, rules
    return made


def only_read(uow: UnitOfWork) -> None:
    """From now on this transaction cannot write, whoever tries."""
    uow.session.execute(_READ_ONLY)
