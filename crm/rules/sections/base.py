"""What the sections of the rule set are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crm.rules.conditions import AllOf

ALWAYS = AllOf(all=())
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=60)]


class Part(BaseModel):
    """A part of the rule set: nothing unknown in it, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
