"""As root the engines run as somebody else, who gets what they need and no more."""

import os
import subprocess
from pathlib import Path

import pytest

from ops.children import Account
from ops.unprivileged import account_for, reachable

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
NOBODY = Account(65534, 65534)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A package below a folder that only root may enter, installed with a strict umask."""
    tree = tmp_path / "closed" / "package"
    (tree / "bin").mkdir(parents=True)
    program = tree / "bin" / "hello"
    program.write_text("#!/bin/sh\necho hello\n")
    for entry in (program, program.parent, tree, tree.parent):
        entry.chmod(0o700)
    return tree


def test_a_program_that_they_cannot_reach_is_copied_for_them(tree: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    program = reachable(tree / "bin" / "hello", NOBODY, copy_to=private, trees=[tree])
    assert program == private / "package" / "bin" / "hello"
    said = subprocess.run(["./hello"], cwd=program.parent, user=65534, group=65534, capture_output=True, check=True)
    assert said.stdout == b"hello\n"


def test_a_program_that_all_may_reach_stays_where_it_is(tmp_path: Path) -> None:
    assert reachable(Path("/bin/sh"), NOBODY, copy_to=tmp_path, trees=[Path("/bin")]) == Path("/bin/sh")
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_of_a_person_stays_theirs(tmp_path: Path) -> None:
    os.chown(tmp_path, 4711, 4712)
    assert account_for(tmp_path) == Account(4711, 4712)


def test_a_new_data_folder_is_given_to_nobody(tmp_path: Path) -> None:
    assert account_for(tmp_path / "new") == NOBODY
