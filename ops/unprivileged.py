"""Gives up root before PostgreSQL starts: it refuses to run as root, and it needs nothing of what root may do."""

import os
import pwd
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from ops.children import Account
from ops.errors import StartError

# On Linux a process reaches its working directory by this name whatever the rights of the folders above it, so the
# unprivileged user needs no right on them, and we never widen any.
HERE = Path("/proc/self/cwd")
NOT_NEEDED = shutil.ignore_patterns("include", "__pycache__")


def account_for(folder: Path) -> Account | None:
    """Who runs the engines of `folder`: None (we ourselves) unless we are root; StartError when root cannot step down.

    As root it is the present owner of the folder, so that a folder made by a person stays theirs, else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if not HERE.exists():
        raise StartError("PostgreSQL refuses to run as root; start Sluice as an ordinary user.")
    if folder.exists() and folder.stat().st_uid != 0:
        return Account(folder.stat().st_uid, folder.stat().st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        message = "PostgreSQL refuses to run as root and there is no user 'nobody'; start Sluice as an ordinary user."
        raise StartError(message) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def private_folder(folder: Path, account: Account | None) -> Path:
    """Create `folder` where missing, for its account alone (0700)."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder


def reachable(program: Path, account: Account | None, *, copy_to: Path, trees: Sequence[Path]) -> Path:
    """`program` itself, or its twin in a copy of `trees` under `copy_to` where `account` may not go there.

    A virtual environment below /root is the usual case. The first tree holds the program.
    """
    if account is None or _open_to_all(program):
        return program
    for tree in trees:
        if not (copy_to / tree.name).exists():
            _give(shutil.copytree(tree, copy_to / tree.name, symlinks=True, ignore=NOT_NEEDED), account)
    return copy_to / program.relative_to(trees[0].parent)


def _give(tree: Path, account: Account) -> None:
    for entry in (tree, *tree.rglob("*")):
        os.chown(entry, account.uid, account.gid, follow_symlinks=False)


def _open_to_all(program: Path) -> bool:
    real = program.resolve()
    return all(entry.stat().st_mode & stat.S_IXOTH for entry in (real, *real.parents))
