"""What posts of a source are taken in by: the source, its house, lists and pools, read when something of it has changed
and kept from one transaction to the next until then, as rosters are.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text

from crm.models import Source
from crm.rules.catalogue import Catalogue
from crm.services import catalogue, houses, placing, sources
from crm.services.houses import House
from crm.services.placing import Pools
from crm.uow import UnitOfWork

# Where each version of each row that counts lies, and who wrote it. A few rows at a time are found by the same ways
# whichever they are; planning that anew, as is done for statements that take arrays, takes longer than finding them.
_OPEN = text(
    """
    select set_config('plan_cache_mode', 'force_generic_plan', true), (
        select count(*) || ':' || coalesce(bit_xor(hash_record_extended(row(tableoid, ctid, xmin), 0)), 0) from (
            select tableoid, ctid, xmin from organization where id = :org
            union all select tableoid, ctid, xmin from source where org_id = :org
            union all select tableoid, ctid, xmin from pool where org_id = :org
            union all select tableoid, ctid, xmin from line where org_id = :org
            union all select tableoid, ctid, xmin from pipeline where org_id = :org
            union all select tableoid, ctid, xmin from stage where org_id = :org
            union all select tableoid, ctid, xmin from list_entry where org_id = :org
            union all select tableoid, ctid, xmin from custom_field where org_id = :org
        ) part
    ) as version
    """
)
_KEPT = 256
_FRONTS: WeakKeyDictionary[Engine, dict[tuple[int, int], Front]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Front:
    """True while `version` is. `source` belongs to no session: it is only read."""

    version: str
    source: Source
    house: House
    lists: Catalogue
    pools: Pools


def enter(uow: UnitOfWork, source_id: int) -> Front | None:
    """Begin a transaction that takes in what a source sent; None where there is none, or it is switched off.

    What is kept counts for all of this transaction: it must change nothing of it.
    """
    version = uow.execute(_OPEN, {"org": uow.org_id}).one().version
    fronts = _FRONTS.setdefault(uow.session.get_bind().engine, {})
    found = fronts.get((uow.org_id, source_id))
    if found is None or found.version != version:
        fronts.pop((uow.org_id, source_id), None)
        found = _read(uow, version, source_id)
        if found is None:
            return None
        fronts[uow.org_id, source_id] = found
        while len(fronts) > _KEPT:
            fronts.pop(next(iter(fronts)), None)
    catalogue.keep(uow, found.lists)
    placing.keep(uow, found.pools)
    return found


def _read(uow: UnitOfWork, version: str, source_id: int) -> Front | None:
    """Later than the version was: what changes meanwhile is read again next time."""
    source = sources.get(uow, source_id)
    if source is None:
        return None
    uow.session.expunge(source)
    return Front(version, source, houses.of(uow), catalogue.of(uow), Pools(uow))
