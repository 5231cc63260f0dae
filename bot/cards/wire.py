"""The value a button carries over the wire: what it is about and which version of the record it was drawn from.

A tap on an old card is recognised by its version, so a double click or a week-old card never acts twice.
"""

SEPARATOR = "~"


def pack(value: str, version: int | None) -> str:
    """`L-12` drawn from version 7 becomes `L-12~7`."""
    return value if version is None else f"{value}{SEPARATOR}{version}"


def unpack(wire: str) -> tuple[str, int | None]:
    """The reverse of `pack`; a value without version, or with junk for one, comes back whole."""
    value, found, version = wire.rpartition(SEPARATOR)
    if found and version.isascii() and version.isdigit() and len(version) < 10:
        return value, int(version)
    return wire, None
