"""Programs side by side: all of them or none, whatever happens to whom."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ops import supervise
from ops.children import Child, Command, last_words
from ops.errors import StartError
from ops.supervise import Program, Supervisor
from tests.ops.processes import survivors

PARENT = Path(__file__).with_name("parent.py")


@pytest.fixture
def parent() -> Iterator["subprocess.Popen[str]"]:
    """A process that runs a supervisor over two programs."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, str(PARENT)], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout
        process.stdout.readline()
        while len(sleepers(process)) < 3:
            time.sleep(0.01)
        yield process
        process.kill()


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(supervise, "LOOK_EVERY", 0.001)


def sleepers(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children(recursive=True) if child.name() == "sleep"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_everything_that_was_started_ends_with_the_supervisor(
    parent: "subprocess.Popen[str]", number: signal.Signals, code: int
) -> None:
    family = psutil.Process(parent.pid).children(recursive=True)
    assert len(family) == 6  # two keepers, sleeper and shell, and what the shell runs
    parent.send_signal(number)
    assert parent.wait() == code
    assert survivors(family) == []


def test_a_program_that_dies_is_started_again_and_said_so(parent: "subprocess.Popen[str]") -> None:
    [sleeper] = [process for process in sleepers(parent) if process.cmdline()[-1] == "600"]
    sleeper.kill()
    assert parent.stdout
    assert parent.stdout.readline() == "The sleeper ended, by SIGKILL; starting it again.\n"


@pytest.mark.usefixtures("no_pause")
def test_a_program_that_cannot_stay_up_ends_the_whole_with_one_sentence() -> None:
    said: list[str] = []
    good = Program("good one", Command(["sleep", "600"]))
    bad = Program("bad one", Command(["sh", "-c", "exit 3"]))
    with Supervisor([good, bad], say=said.append) as supervisor:
        assert good.child
        sleeper = psutil.Process(good.child.pid)
        with pytest.raises(StartError, match=r"^The bad one ended 6 times in a minute, with exit code 3\.$"):
            supervisor.watch(threading.Event())
    assert said == ["The bad one ended, with exit code 3; starting it again."] * supervise.DEATHS
    assert not sleeper.is_running()


def test_watching_ends_when_what_was_waited_for_has_come() -> None:
    answers = iter([False, False, True])
    with Supervisor([Program("web", Command(["sleep", "60"]))], say=str) as supervisor:
        supervisor.watch(threading.Event(), until=lambda: next(answers))
    assert list(answers) == []


def test_a_program_that_does_not_exist_stops_the_others_too() -> None:
    good = Program("good one", Command(["sleep", "600"]))
    missing = Program("missing", Command(["/no/such/program"]))
    with pytest.raises(StartError, match=r"^Could not start program: .*No such file"):
        Supervisor([good, missing], say=print).__enter__()
    assert good.child
    assert not psutil.pid_exists(good.child.pid)


def test_a_child_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    stubborn = "trap '' TERM QUIT; echo ready; while :; do sleep 0.05; done"
    child = Child.start(Command(["sh", "-c", stubborn], grace=0.1, log=log))
    while "ready" not in log.read_text():
        time.sleep(0.01)
    child.stop()
    assert child.returncode() == 128 + signal.SIGKILL
    assert not psutil.pid_exists(child.pid)


def test_the_output_of_a_child_goes_to_its_log(tmp_path: Path) -> None:
    child = Child.start(Command(["sh", "-c", "echo one; echo two >&2"], cwd=tmp_path, log=tmp_path / "log"))
    assert child.wait() == 0
    assert last_words(tmp_path / "log") == "two"


def test_private_folders_of_a_child_go_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir()
    Child.start(Command(["true"], remove=[folder])).wait()
    assert not folder.exists()
