"""Settings, all `SLUICE_*`; a wrong or missing one stops the start with one sentence that names it."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

# Where a container platform, or systemd by `LoadCredential=`, puts secrets as files: one each, named like the setting.
SECRET_FILES = Path("/run/secrets")
CREDENTIALS = "CREDENTIALS_DIRECTORY"
# Behind the name of any setting: the file in which its value stands.
FILE = "_FILE"
PREFIX, ALIKE = "SLUICE_", 0.85
SCHEMES = {"redis_url": ("redis://", "rediss://", "unix://"), "base_url": ("https://", "http://")}


class SettingsError(Exception):
    """One sentence that names the setting and what to do."""


class Settings(BaseSettings):
    """What an operator decides; see `docs/settings.md` for each in words."""

    model_config = SettingsConfigDict(env_prefix="SLUICE_", secrets_dir=None, extra="ignore")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    base_url: str = ""
    database_url: str = ""
    worker_database_url: str = ""
    redis_url: str = ""
    data_dir: Path = Path(".sluice")
    secret_key: SecretStr = SecretStr("")
    timezone: str = "Asia/Shanghai"
    locale: Literal["en", "zh"] = "en"
    playground: bool = False
    playground_password: SecretStr = SecretStr("")
    slack_command: str = "/sluice"
    slack_signing_secret: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_client_id: str = ""
    slack_client_secret: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    wecom_corp_id: str = ""
    wecom_agent_id: str = ""
    wecom_secret: SecretStr = SecretStr("")
    wecom_token: SecretStr = SecretStr("")
    wecom_aes_key: SecretStr = SecretStr("")
    wecom_api_url: str = "https://qyapi.weixin.qq.com/cgi-bin/"
    meta_api_url: str = "https://graph.facebook.com/v23.0/"
    linkedin_api_url: str = "https://api.linkedin.com/rest/"
    sms_url: str = ""
    sms_secret: SecretStr = SecretStr("")
    hooks_allow: Annotated[tuple[str, ...], NoDecode] = ()
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    pool_size: Annotated[int, Field(ge=2, le=200)] = 8
    statement_timeout_ms: Annotated[int, Field(ge=100)] = 1500
    person_per_minute: Annotated[int, Field(ge=0)] = 300
    company_per_minute: Annotated[int, Field(ge=0)] = 12_000
    searches_per_minute: Annotated[int, Field(ge=0)] = 60

    @field_validator("slack_signing_secret", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Several secrets, comma separated, are valid at once so that one can be rotated."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("hooks_allow", mode="before")
    @classmethod
    def _hosts(cls, value: Any) -> Any:
        """Hosts, or hosts with ports, comma separated."""
        parts = value.lower().split(",") if isinstance(value, str) else value
        return tuple(filter(None, (part.strip() for part in parts)))

    @field_validator("slack_api_url", "wecom_api_url", "meta_api_url", "linkedin_api_url")
    @classmethod
    def _slash(cls, value: str) -> str:
        return value if value.endswith("/") else value + "/"

    @field_validator("redis_url", "base_url")
    @classmethod
    def _scheme(cls, value: str, info: ValidationInfo) -> str:
        schemes = SCHEMES[str(info.field_name)]
        if value and not value.startswith(schemes):
            raise ValueError(f"it has to begin with {' or '.join(schemes)}")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("write a name such as Europe/London") from None
        return value

    @property
    def public_url(self) -> str:
        """The address people reach; without `BASE_URL` the local one."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")


def load(**overrides: Any) -> Settings:
    """Read the environment, the files it names, and folders of secrets behind it.

    Raises: SettingsError naming the first wrong setting.
    """
    overrides = {**_named_files(), **overrides}
    folders = [SECRET_FILES, *map(Path, filter(None, [os.environ.get(CREDENTIALS)]))]
    try:
        return Settings(**{"_secrets_dir": [folder for folder in folders if folder.is_dir()], **overrides})
    except ValidationError as exc:
        first = exc.errors()[0]
        name = "SLUICE_" + "_".join(str(part) for part in first["loc"][:1]).upper()
        raise SettingsError(f"{name} is wrong: {first['msg'].removeprefix('Value error, ')}.") from None


def misspelt() -> dict[str, str]:
    """What in the environment is no setting and looks like one, with the one that may be meant."""
    known = [f"{PREFIX}{field.upper()}" for field in Settings.model_fields]
    given = {name: name.removesuffix(FILE) for name in sorted(os.environ) if name.startswith(PREFIX)}
    others = {name: word for name, word in given.items() if word not in known}
    return {name: meant for name, word in others.items() for meant in get_close_matches(word, known, 1, ALIKE)}


def _named_files() -> dict[str, str]:
    """What stands in the files that `SLUICE_..._FILE` names, by setting. Raises SettingsError."""
    found: dict[str, str] = {}
    for field in Settings.model_fields:
        name = f"SLUICE_{field.upper()}"
        file = os.environ.get(name + FILE)
        if not file:
            continue
        if os.environ.get(name):
            raise SettingsError(f"{name} and {name}{FILE} are both set: leave one of them out.")
        try:
            found[field] = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as exc:
            raise SettingsError(f"{name}{FILE} names {file}, which cannot be read: {_why(exc)}.") from None
    return found


def _why(failure: OSError | UnicodeError) -> str:
    return getattr(failure, "strerror", None) or "it is no text in UTF-8"
