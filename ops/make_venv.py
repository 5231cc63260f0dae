"""Makes the virtual environment `.venv` from the lock files, or does nothing when it is up to date.

Run by the Makefile with the machine's own Python: `python3 ops/make_venv.py [--dev]`. It uses the standard library
only, and nothing newer than Python 3.7, so that an old Python gets a sentence instead of a syntax error.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "sluice-stamp.json"
BUILD_LOCK = "requirements-build.lock"
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}
QUIETLY = ["--disable-pip-version-check", "--no-input", "--quiet", "--quiet"]


class NoEnvironment(Exception):
    """The environment cannot be made; the message says why in one sentence."""


def main(wanted: str) -> None:
    """Bring `.venv` to what the lock of `wanted` ("run" or "dev") says; the second contains the first."""
    check_python(sys.version_info[:2])
    present = read_stamp()
    if present.get(wanted) == fingerprint(wanted):
        return
    if present.get("base") != base() or not PYTHON.exists():
        create()
    print(f"Installing {LOCKS[wanted]} into .venv; the first time takes a minute or two ...", flush=True)
    install(wanted)
    write_stamp(wanted)


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python that Sluice cannot run on."""
    if version < (3, 11):
        found = ".".join(map(str, version))
        raise NoEnvironment(
            f"Sluice needs Python 3.11 or newer, and this is {found} ({sys.executable}); "
            "choose one with: make PYTHON=python3.12 ..."
        )


def create() -> None:
    """Make an empty environment. Debian's Python may lack ensurepip; then the machine's own pip serves."""
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", *([] if can_import(sys.executable, "ensurepip") else ["--without-pip"]), VENV])


def install(wanted: str) -> None:
    """Install what builds, the locked packages, and Sluice itself as a link to this folder.

    All of it is checked against hashes. Two packages come as plain Python source; they are built by the locked
    setuptools without isolation, so a build neither compiles nor fetches anything.
    """
    pip("install", "--require-hashes", "-r", BUILD_LOCK)
    pip("install", "--no-compile", "--no-build-isolation", "--require-hashes", "-r", LOCKS[wanted])
    compile_all()
    pip("install", "--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat", "-e", ".")


def compile_all() -> None:
    """Compile the packages on all cores, so that no process has to, and none prints warnings about old spellings.

    A file that no Python can compile (packages bring templates) is nobody's concern.
    """
    packages = [str(folder) for folder in VENV.glob("lib/*/site-packages")]
    subprocess.call([str(PYTHON), "-W", "ignore", "-m", "compileall", "-qq", "-j", "0", *packages])


def pip(verb: str, *arguments: str) -> None:
    """Run pip for the environment."""
    from_outside = [] if can_import(PYTHON, "pip") else ["--python", str(PYTHON)]
    python = sys.executable if from_outside else PYTHON
    run([python, "-m", "pip", *from_outside, verb, *QUIETLY, *arguments])


def can_import(python: str | Path, module: str) -> bool:
    """Whether `python` has `module`."""
    return subprocess.call([str(python), "-c", f"import {module}"], stderr=subprocess.DEVNULL) == 0


def run(command: list[str | Path]) -> None:
    """Run `command` in the project's folder; its own words on the screen explain a failure."""
    if subprocess.call([str(part) for part in command], cwd=str(ROOT)):
        raise NoEnvironment("Could not make .venv, the reason stands above; once mended, the same command goes on.")


def base() -> str:
    """What the environment hangs on: a moved folder or another Python needs a new one."""
    return f"{VENV} {sys.version}"


def fingerprint(wanted: str) -> str:
    """A digest of everything that decides what is installed; the settings of tools in pyproject.toml do not."""
    project = (ROOT / "pyproject.toml").read_text().split("\n[tool.")[0]
    locks = [(ROOT / name).read_text() for name in (BUILD_LOCK, LOCKS[wanted])]
    return hashlib.sha256("".join([base(), project, *locks]).encode()).hexdigest()


def read_stamp() -> dict[str, str]:
    """What is installed, as far as we know."""
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def write_stamp(wanted: str) -> None:
    """Note what is installed now."""
    done = LOCKS if wanted == "dev" else {"run": LOCKS["run"]}
    STAMP.write_text(json.dumps({"base": base(), **{name: fingerprint(name) for name in done}}))


if __name__ == "__main__":
    try:
        main("dev" if "--dev" in sys.argv[1:] else "run")
    except NoEnvironment as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)
