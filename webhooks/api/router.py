"""The routes of the read API. Every answer is what one organization's token opens, and nothing of any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.app import Bot
from crm.services import happenings, reading
from crm.services.api_tokens import Bearer
from crm.services.happenings import Happened, Place
from crm.services.reading import Wanted
from crm.uow import UnitOfWork
from webhooks.api.asking import PER_MINUTE, Desk, shown
from webhooks.api.problems import Problem, ProblemRoute, Wrong, described
from webhooks.api.shapes import Changes, Credits, Leads, LeadShape, Members, PersonShape

CLEAR = "contacts:read"
MOST_NAMED = 20
Shown = Annotated[str, Depends(shown)]
# No NUL: PostgreSQL knows none in a text.
Word = Annotated[str | None, Field(max_length=200, pattern=r"^[^\x00]*$")]
Cursor = Annotated[int, Field(ge=0, le=2**53, description="The `next` of the page before.")]
Most = Annotated[int, Field(ge=1, le=500, description="How many at most.")]
Since = Annotated[AwareDatetime | None, Field(description="A time with its offset, such as 2026-11-01T00:00:00Z.")]
Ref = Annotated[str, Path(pattern=r"^L-[0-9]{1,12}$", description="A reference, such as L-1042.")]


class Paged(BaseModel):
    """Which page. A word that nobody knows is a typing mistake, not a wish."""

    model_config = ConfigDict(extra="forbid")
    after: Cursor = 0
    limit: Most = 100


class Asked(Paged):
    """Which leads."""

    status: Literal["open", "won", "lost", "void"] | None = None
    stage: Word = None
    owner: Word = None
    source: Word = None
    pool: Word = None
    updated_since: Since = None


class Earned(Paged):
    """Which credits."""

    since: Since = None


_USUAL = described(401, 403, 422, 429, 503)
_NONE = described(404)
_NO_CURSOR = Wrong(name="after", reason="is no cursor of this database")


def router(bot: Bot, per_minute: int = PER_MINUTE) -> APIRouter:
    """Args: per_minute: requests with one token."""
    desk = Desk(bot, per_minute)
    routes = APIRouter(prefix="/api/v1", tags=["api"], route_class=ProblemRoute, responses=_USUAL)
    _leads(routes, desk)
    _others(routes, desk)
    _changes(routes, desk)

    @routes.get("/{rest:path}", include_in_schema=False)
    def nothing(rest: str) -> None:  # noqa: ARG001  (whatever it is)
        raise Problem(404, "There is no such thing. See docs/api.md for what there is.")

    return routes


def _leads(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/leads", response_model=Leads)
    def leads(token: Shown, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
        """Leads in the order in which they came. Filters go together; `owner` is an e-mail address."""
        wanted = Wanted(**asked.model_dump(exclude={"after", "limit"}))

        def page(uow: UnitOfWork, asker: Bearer) -> dict[str, Any]:
            _known(uow, wanted)
            rows = reading.leads(uow, wanted, after=asked.after, most=asked.limit, clear=asker.may(CLEAR))
            return _page(rows, asked.limit)

        return desk.read(token, "leads:read", page)

    @routes.get("/leads/{ref}", response_model=LeadShape, responses=_NONE)
    def lead(token: Shown, ref: Ref) -> dict[str, Any]:
        """One lead, also a closed one or one that was merged into another."""
        number = int(ref.removeprefix("L-"))
        found = desk.read(
            token, "leads:read", lambda uow, asker: reading.lead(uow, number, clear=asker.may(CLEAR))
        )  # fmt: skip
        return _must(found, f"There is no lead {ref}.")


def _known(uow: UnitOfWork, wanted: Wanted) -> None:
    """Raises Problem for a filter by what is not here: an empty page would look like an answer."""
    errors = [
        Wrong(name=name, reason=f"is none of: {', '.join(there[:MOST_NAMED])}" + (", …" if there[MOST_NAMED:] else ""))
        for name, there in reading.unknown(uow, wanted).items()
    ]
    if errors:
        raise Problem(422, f"{errors[0].name} {errors[0].reason}", errors=errors)


def _others(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/persons/{person_id}", response_model=PersonShape, responses=_NONE)
    def person(token: Shown, person_id: Annotated[int, Path(ge=1, le=2**53)]) -> dict[str, Any]:
        """A person, and the references of the leads."""
        found = desk.read(
            token, "leads:read", lambda uow, asker: reading.person(uow, person_id, clear=asker.may(CLEAR))
        )  # fmt: skip
        return _must(found, "There is no such person.")

    @routes.get("/credits", response_model=Credits)
    def credits(token: Shown, asked: Annotated[Earned, Query()]) -> dict[str, Any]:  # noqa: A001  (the word)
        """Who earned which share of the leads that were won, in the order in which they were."""

        def page(uow: UnitOfWork, _asker: Bearer) -> dict[str, Any]:
            rows = reading.credits(uow, since=asked.since, after=asked.after, most=asked.limit)
            return _page(rows, asked.limit)

        return desk.read(token, "credits:read", page)

    @routes.get("/members", response_model=Members)
    def members(token: Shown) -> dict[str, Any]:
        """Colleagues: who the `owner_id`, `member_id` and `by_id` of other answers are."""
        return desk.read(token, "leads:read", lambda uow, _asker: {"data": reading.members(uow)})


def _changes(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/changes", response_model=Changes)
    def changes(
        token: Shown,
        after: Annotated[str, Query(max_length=60, description="The `next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        """What happened, in the order in which it became true, without a gap: for a warehouse or a mirror."""
        place = Place.read(after) if after else Place()
        if place is None:
            raise Problem(422, "A parameter cannot be read.", errors=[_NO_CURSOR])

        def page(uow: UnitOfWork, asker: Bearer) -> dict[str, Any]:
            if place.xact >= happenings.safe(uow):
                raise Problem(422, "This cursor is of another database: begin anew.", errors=[_NO_CURSOR])
            found = happenings.after(uow, place, limit)
            data = [_told(each, clear=asker.may(CLEAR)) for each in found]
            return {"data": data, "next": str(found[-1].place if found else place), "more": len(found) == limit}

        return desk.read(token, "leads:read", page)


def _told(each: Happened, *, clear: bool) -> dict[str, Any]:
    return {
        "id": each.id, "topic": each.topic, "at": each.at, "lead": each.ref, "person_id": each.person_id,
        "member_id": each.member_id, "by_id": each.by_id, "facts": reading.figures(each.data),
        "words": each.words if clear and not each.own else None, "undone": each.undone,
    }  # fmt: skip


def _page(rows: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
    return {"data": rows, "next": str(rows[-1]["id"]) if len(rows) == limit else None}


def _must(found: dict[str, Any] | None, otherwise: str) -> dict[str, Any]:
    """Raises Problem with 404."""
    if found is None:
        raise Problem(404, otherwise)
    return found
