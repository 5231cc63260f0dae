"""Settings come from the environment, secrets from files as well, and a wrong one is named."""

import pytest

from crm import settings

SECRET = "a secret of a file that is long enough"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder of secrets as systemd names it, and nothing from outside."""
    monkeypatch.setenv(settings.CREDENTIALS, str(tmp_path))
    monkeypatch.delenv("SLUICE_SECRET_KEY", raising=False)
    return tmp_path


def test_a_secret_may_be_a_file_named_like_the_setting(files):
    (files / "SLUICE_SECRET_KEY").write_text(f"{SECRET}\n")
    (files / "sluice_slack_signing_secret").write_text("new,old")
    found = settings.load()
    assert found.secret_key.get_secret_value() == SECRET
    assert [each.get_secret_value() for each in found.slack_signing_secret] == ["new", "old"]


def test_the_environment_stands_above_a_file(files, monkeypatch):
    (files / "SLUICE_SECRET_KEY").write_text(SECRET)
    monkeypatch.setenv("SLUICE_SECRET_KEY", SECRET[::-1])
    assert settings.load().secret_key.get_secret_value() == SECRET[::-1]


def test_a_folder_that_is_not_there_is_no_reason_to_stop(files):
    files.rmdir()
    assert settings.load().secret_key.get_secret_value() == ""


def test_no_secret_is_shown_where_settings_are_printed(files):
    (files / "SLUICE_SECRET_KEY").write_text(SECRET)
    assert SECRET not in f"{settings.load()!r} {settings.load().model_dump_json()}"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PORT", "eighty", "integer"),
        ("REDIS_URL", "localhost:6379", "it has to begin with redis:// or"),
        ("BASE_URL", "crm.example.com", "it has to begin with https:// or"),
        ("TIMEZONE", "Mars/Olympus", "write a name such as Europe/London"),
        ("LOCALE", "fr", "'en' or 'zh'"),
    ],
)
def test_a_wrong_one_is_named_with_what_is_wrong(monkeypatch, name, value, why):
    monkeypatch.setenv(f"SLUICE_{name}", value)
    with pytest.raises(settings.SettingsError, match=rf"^SLUICE_{name} is wrong: .*{why}"):
        settings.load()


def test_what_looks_like_a_setting_and_is_none_is_told_with_the_one_that_is_meant(monkeypatch):
    for name in ("DATABSE_URL", "SECRETKEY_FILE", "SOMETHING_ELSE", "PORT", "PORT_FILE"):
        monkeypatch.setenv(f"SLUICE_{name}", "1")
    assert settings.misspelt() == {
        "SLUICE_DATABSE_URL": "SLUICE_DATABASE_URL",
        "SLUICE_SECRETKEY_FILE": "SLUICE_SECRET_KEY",
    }


SECRETS = [name for name, field in settings.Settings.model_fields.items() if "SecretStr" in str(field.annotation)]


@pytest.mark.parametrize("name", [*SECRETS, "database_url", "redis_url"])
def test_every_secret_may_stand_in_a_file_that_a_setting_names(files, monkeypatch, name):
    (files / "it").write_text(f"redis://{SECRET}\n")
    monkeypatch.setenv(f"SLUICE_{name.upper()}_FILE", str(files / "it"))
    found = getattr(settings.load(), name)
    [value] = found if isinstance(found, tuple) else [found]
    assert getattr(value, "get_secret_value", lambda: value)() == f"redis://{SECRET}"


def test_a_file_that_cannot_be_read_or_stands_beside_a_value_is_named(files, monkeypatch):
    monkeypatch.setenv("SLUICE_SECRET_KEY_FILE", str(files / "gone"))
    with pytest.raises(settings.SettingsError, match=r"^SLUICE_SECRET_KEY_FILE names .*gone.*No such file"):
        settings.load()
    monkeypatch.setenv("SLUICE_SECRET_KEY", SECRET)
    with pytest.raises(settings.SettingsError, match="SLUICE_SECRET_KEY and SLUICE_SECRET_KEY_FILE are both set"):
        settings.load()


def test_what_the_caller_asks_for_stands_above_files(files, monkeypatch):
    (files / "it").write_text("9000")
    monkeypatch.setenv("SLUICE_PORT_FILE", str(files / "it"))
    assert (settings.load().port, settings.load(port=7).port) == (9000, 7)
