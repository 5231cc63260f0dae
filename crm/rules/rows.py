"""A row of a table as an arrival: columns by their usual English or Chinese names, the others as custom fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm.rules.arrival import Arrival, of_fields


def of_row(row: Sequence[str], mapping: Mapping[int, str], header: Sequence[str]) -> Arrival:
    """The arrival in a row.

    Args:
        mapping: which column holds which of our fields (`fields.mapping_of`); two columns of one field are joined.
        header: names of all columns; what is not mapped is kept under them.
    """
    return of_fields(fields_of(row, mapping, header))


def fields_of(row: Sequence[str], mapping: Mapping[int, str], header: Sequence[str]) -> dict[str, str]:
    """The filled cells of a row by our field or their heading; arguments as for `of_row`."""
    return named(row, names_of(mapping, header))


def names_of(mapping: Mapping[int, str], header: Sequence[str]) -> list[str]:
    """Our field or the heading of each column; "" for one that has neither."""
    return [mapping.get(number) or name.strip() for number, name in enumerate(header)]


def named(row: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The filled cells of a row by the names of their columns."""
    fields: dict[str, str] = {}
    for field, cell in zip(names, row, strict=False):
        if field and cell and not cell.isspace():
            fields[field] = f"{fields[field]};{cell}" if field in fields else cell
    if "id" in fields:
        fields.setdefault("external_id", fields["id"])
    return fields
