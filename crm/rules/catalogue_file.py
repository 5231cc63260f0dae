"""Lists and fields as a file says them: in a company's set-up file, and on their own as YAML or a table."""

from __future__ import annotations

from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from crm.errors import RuleSetInvalid
from crm.errors_of_catalogue import ListsUnreadable
from crm.rules.catalogue import LISTS
from crm.rules.written import Document

Text = Annotated[str, Field(min_length=1, max_length=80)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _named(given: Any) -> Any:
    """A bare word is a value's name."""
    return given if isinstance(given, dict | BaseModel) else {"name": str(given)}


class Value(_Part):
    """A value of a list. `step` is what a stage counts as; `key` what leads carry, by default the name; `owner` the
    name or e-mail of who looks after a source, channel or campaign."""

    name: Text
    name_zh: str = ""
    key: str = ""
    aliases: tuple[Text, ...] = ()
    step: str = ""
    default: bool = False
    retired: bool = False
    owner: str = ""


Values = tuple[Annotated[Value, BeforeValidator(_named)], ...]


class OwnField(_Part):
    """A field of the company's own. `required_at`: the stage that no lead enters without it."""

    name: Text
    type: str
    key: str = ""
    name_zh: str = ""
    aliases: tuple[Text, ...] = ()
    required_at: str = ""
    sensitive: bool = False
    shown: bool = True
    retired: bool = False
    choices: Values = ()


class ListsFile(_Part):
    """All of it: values by the name of their list, and the fields."""

    lists: dict[str, Values] = Field(default_factory=dict)
    fields: tuple[OwnField, ...] = ()

    @field_validator("lists")
    @classmethod
    def _known(cls, lists: dict[str, Values]) -> dict[str, Values]:
        for name in lists:
            if name not in LISTS:
                raise ValueError(f"there is no list {name!r}; lists: {', '.join(LISTS)}")
        return lists


def parse(written: str) -> ListsFile:
    """Read YAML. Raises ListsUnreadable with the first mistake."""
    try:
        return of(Document.read(written).data)
    except RuleSetInvalid as exc:
        raise ListsUnreadable(problem=exc.data["problem"]) from None


def of(data: Any) -> ListsFile:
    """The same of data that has been read. Raises ListsUnreadable."""
    try:
        return ListsFile.model_validate(data)
    except ValidationError as exc:
        first = exc.errors()[0]
        raise ListsUnreadable(problem=f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def written(lists: ListsFile) -> str:
    """As YAML, without what is as usual."""
    data = lists.model_dump(exclude_defaults=True, mode="json")
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
