"""What `sluice doctor` asks of the machine and its surroundings: disk, clock, who can reach the playground."""

from __future__ import annotations

import ipaddress
import shutil
import time
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.settings import Settings

LEAST_FREE = 0.05  # of the disk
SKEW = 2.0  # seconds


def disk_has_room(folder: Path) -> bool:
    """Whether there is room on the disk on which the data folder is, or will be."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    found = shutil.disk_usage(there)
    return found.free > LEAST_FREE * found.total


def clocks_agree(session: Session) -> bool:
    """Whether database and this machine agree on the time."""
    theirs = float(session.scalar(text("select extract(epoch from clock_timestamp())")) or 0)
    return abs(theirs - time.time()) < SKEW


def playground_is_private(settings: Settings) -> bool:
    """Whether nobody from outside can speak as anybody: the playground asks for no password."""
    return not settings.playground or not is_public(urlsplit(settings.base_url).hostname or "")


def is_public(host: str) -> bool:
    """Whether an address is one that others can reach."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".test"))
