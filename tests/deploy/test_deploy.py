"""What deploys Sluice names commands, settings and files that exist; systemd itself checks its units where it is."""

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from crm.settings import Settings
from ops.cli import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = {name: one for name, one in COMPOSE["services"].items() if one["image"] == "sluice"}
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
SETTINGS = {f"SLUICE_{name.upper()}" for name in Settings.model_fields}
COMMANDS = set(get_command(app).commands)  # type: ignore[attr-defined]


def unit(path: Path) -> ConfigParser:
    parsed = ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(path)
    return parsed


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_a_command_that_exists_as_a_user_without_rights(path):
    service = unit(path)["Service"]
    program, command = service["ExecStart"].split()
    assert program.endswith("/.venv/bin/sluice")
    assert command in COMMANDS
    assert (service["User"], service["Restart"], service["NoNewPrivileges"]) == ("sluice", "always", "yes")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not on this machine")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_finds_nothing_wrong_with_a_unit(path, tmp_path):
    installed = tmp_path / path.name
    installed.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={shutil.which('true')}", path.read_text()))
    checked = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)
    assert [line for line in checked.stderr.splitlines() if path.name in line] == []


@pytest.mark.parametrize("name", OURS)
def test_a_container_runs_a_command_that_exists_and_may_write_nowhere(name):
    service = OURS[name]
    assert service["command"][0] in COMMANDS
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert set(service["environment"]) <= SETTINGS | {"FORWARDED_ALLOW_IPS"}


def test_every_process_waits_for_the_schema_and_nothing_waits_for_what_is_not_there():
    waits = {name: one.get("depends_on", {}) for name, one in COMPOSE["services"].items()}
    assert all(set(needed) <= set(COMPOSE["services"]) for needed in waits.values())
    assert {name for name, needed in waits.items() if "migrate" in needed} == {"web", "worker"}


def test_the_settings_of_the_example_exist_and_none_of_them_is_a_secret_already():
    lines = [line.lstrip("# ") for line in (DEPLOY / "sluice.env.example").read_text().splitlines()]
    named = dict(line.split("=", 1) for line in lines if line.startswith("SLUICE_"))
    secrets = {name for name in SETTINGS if "SecretStr" in str(Settings.model_fields[name[7:].lower()].annotation)}
    assert set(named) <= SETTINGS
    assert not any(named[name] for name in secrets & set(named))


def test_what_the_image_is_made_of_exists_and_contains_every_package_of_ours():
    copied = [words.split() for words in re.findall(r"^COPY (?!--from)(.+)$", CONTAINERFILE, re.MULTILINE)]
    sources = {source for *some, _ in copied for source in some}
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {"crm", "bot", "webhooks", "ops", "requirements.lock", "pyproject.toml"} <= sources
    assert {".", "./", ".git", "tests", "docs"} & sources == set()


def test_nothing_that_is_run_as_root_stays_in_the_image():
    user = re.findall(r"^USER (\S+)$", CONTAINERFILE, re.MULTILINE)
    assert user == ["sluice"]
    assert CONTAINERFILE.index("USER sluice") < CONTAINERFILE.index("ENTRYPOINT")


def test_the_world_does_not_reach_the_figures_and_the_proxy_is_believed_about_who_called():
    proxy = COMPOSE["services"]["proxy"]
    rules = (DEPLOY / "Caddyfile").read_text()
    assert "./Caddyfile:/etc/caddy/Caddyfile:ro" in proxy["volumes"]
    assert "respond /metrics 404" in rules
    assert [name for name, one in COMPOSE["services"].items() if "ports" in one] == ["proxy"]
    assert COMPOSE["services"]["web"]["environment"]["FORWARDED_ALLOW_IPS"] == "*"


def test_the_proxy_hands_on_to_a_service_that_listens_there_and_closes_every_brace():
    rules = (DEPLOY / "Caddyfile").read_text()
    [(service, port)] = re.findall(r"reverse_proxy (\w+):(\d+)", rules)
    assert service in OURS
    assert int(port) == Settings.model_fields["port"].default
    assert f"EXPOSE {port}" in CONTAINERFILE
    assert (rules.count("{"), rules.count("\t")) == (rules.count("}"), len(re.findall(r"^\t\w", rules, re.MULTILINE)))


def test_every_variable_of_the_compose_file_stands_in_the_example_and_every_volume_is_declared():
    wanted = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    example = (DEPLOY / "sluice.env.example").read_text()
    assert [name for name in wanted if f"{name}=" not in example] == []
    mounted = {volume.partition(":")[0] for one in COMPOSE["services"].values() for volume in one.get("volumes", ())}
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_every_image_has_a_version_and_every_instruction_is_one():
    images = [one["image"] for one in COMPOSE["services"].values() if one["image"] != "sluice"]
    images += re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    assert [image for image in images if ":" not in image or image.endswith(":latest")] == []
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {line.split()[0] for line in CONTAINERFILE.splitlines() if line and not line.startswith("#")} <= known
