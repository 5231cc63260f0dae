"""What lies beside a backup and says what is in it: version, schema, rows of each table, and a checksum of the file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ops.errors import StartError


class Manifest(BaseModel):
    """Args: owner: the role that owns the tables; tables: rows by name; postgres: major version of server and dump."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: int = 1
    made_at: str
    version: str
    revision: str
    postgres: int
    owner: str
    tables: dict[str, int]
    bytes: int
    sha256: str


def beside(file: Path) -> Path:
    """Where the manifest of a backup is."""
    return file.with_name(f"{file.name}.json")


def read(file: Path) -> Manifest:
    """The manifest of a backup that is whole. Raises StartError."""
    try:
        told = Manifest.model_validate_json(beside(file).read_bytes())
    except FileNotFoundError:
        raise StartError(f"{beside(file)} is missing: a backup without its manifest may be half a one.") from None
    except ValidationError:
        raise StartError(f"{beside(file)} is no manifest of a backup.") from None
    if told.format != 1:
        raise StartError(f"{file} was made by a newer Sluice ({told.version}): upgrade first.")
    if checksum(file) != told.sha256:
        raise StartError(f"{file} is not as it was written: its checksum is another. Take another copy.")
    return told


def checksum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
