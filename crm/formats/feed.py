"""What an admin decides of a product's feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from crm.formats.mapping import MappingError, Part, mistakes


def plain(event: str) -> str:
    """An event's name as it is compared: `Signed_Up` is `signed up`."""
    return event.strip().lower().replace("_", " ").replace("-", " ")


def _folded(given: Any) -> Any:
    return [plain(name) if isinstance(name, str) else name for name in given] if isinstance(given, list) else given


class Policy(Part):
    """Which events sign somebody up, and whether what strangers do is remembered until they do."""

    unknown: Literal["remember", "reject"] = "remember"
    sign_up: Annotated[tuple[str, ...], BeforeValidator(_folded), Field(min_length=1)] = (
        "sign up", "signup", "signed up", "user created", "account created", "注册",
    )  # fmt: skip


def policy(given: Mapping[str, Any] | None) -> Policy:
    """Raises MappingError."""
    try:
        return Policy.model_validate(dict(given or {}))
    except ValidationError as exc:
        raise MappingError(mistakes(exc)) from None
