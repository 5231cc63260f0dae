"""The environment of a fresh machine: made once, renewed when needed, refused with a sentence."""

from pathlib import Path

import pytest

from ops import make_venv


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose environment is up to date for running, not for developing."""
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-build.lock"):
        (tmp_path / name).write_text(name)
    (tmp_path / "pyproject.toml").write_text("[project]\n\n[tool.ruff]\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text("")
    monkeypatch.setattr(make_venv, "ROOT", tmp_path)
    monkeypatch.setattr(make_venv, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(make_venv, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(make_venv, "STAMP", tmp_path / ".venv" / "stamp.json")
    make_venv.write_stamp("run")
    return tmp_path


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `make_venv` set out to do."""
    done: list[str] = []
    monkeypatch.setattr(make_venv, "create", lambda: done.append("create"))
    monkeypatch.setattr(make_venv, "install", done.append)
    return done


def test_an_old_python_gets_a_sentence() -> None:
    with pytest.raises(make_venv.NoEnvironment, match=r"needs Python 3\.11 or newer, and this is 3\.9 .*PYTHON="):
        make_venv.check_python((3, 9))


@pytest.mark.usefixtures("root")
def test_a_second_run_does_nothing(done: list[str]) -> None:
    make_venv.main("run")
    assert done == []


@pytest.mark.usefixtures("root")
def test_what_is_only_needed_to_develop_comes_on_top_and_only_once(done: list[str]) -> None:
    make_venv.main("dev")
    make_venv.main("dev")
    make_venv.main("run")
    assert done == ["dev"]


def test_a_changed_lock_is_installed_into_the_same_environment(root: Path, done: list[str]) -> None:
    (root / "requirements.lock").write_text("changed")
    make_venv.main("run")
    assert done == ["run"]


def test_settings_of_tools_change_nothing(root: Path, done: list[str]) -> None:
    (root / "pyproject.toml").write_text("[project]\n\n[tool.ruff]\nline-length = 100\n")
    make_venv.main("run")
    assert done == []


def test_an_environment_of_another_place_or_python_is_made_anew(
    root: Path, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert root.exists()
    monkeypatch.setattr(make_venv, "base", lambda: "elsewhere")
    make_venv.main("run")
    assert done == ["create", "run"]
