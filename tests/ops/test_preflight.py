"""What may be wrong with a machine is said in one sentence each."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.errors import StartError
from ops.preflight import check_data_dir, check_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_named_together_with_the_way_out(taken: int) -> None:
    with pytest.raises(StartError, match=rf"^Port {taken} is in use by another program.*SLUICE_PORT={taken + 1}\.$"):
        check_port("127.0.0.1", taken)


def test_a_free_port_passes_and_stays_free(taken: int) -> None:
    check_port("127.0.0.1", 0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        free = other.getsockname()[1]
    check_port("127.0.0.1", free)
    check_port("127.0.0.1", free)


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_names_the_setting(host: str) -> None:
    with pytest.raises(StartError, match=f"SLUICE_HOST={host}"):
        check_port(host, 8000)


def test_the_data_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    folder = check_data_dir(tmp_path / "a" / "b c")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_data_folder_may_be_given_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert check_data_dir(Path("~/sluice")) == tmp_path / "sluice"


@pytest.mark.parametrize("below", ["", "data"])
def test_a_file_where_the_data_folder_should_be_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match=r"SLUICE_DATA_DIR=.*file.* is not a folder"):
        check_data_dir(tmp_path / "file" / below)


def test_a_data_folder_that_cannot_be_made_is_named_together_with_the_way_out() -> None:
    with pytest.raises(StartError, match=r"cannot write to its data folder /proc/sluice \(.+\); name another one in"):
        check_data_dir(Path("/proc/sluice"))


def test_a_data_folder_without_rights_says_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root has rights everywhere, so its answer is played
    with pytest.raises(StartError, match=rf"it is dr-x------ and owned by user {os.geteuid()}\)"):
        check_data_dir(tmp_path)
