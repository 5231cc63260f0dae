"""What each of the twelve may do, worked out from the matrix: a sign each, `+` done, `-` refused, `0` not there."""

from __future__ import annotations

from crm.rules.matrix import DEEDS
from tests.promises.access.stage import SEATS

_ROLE = {
    "owner": "rep", "mate": "rep", "manager": "manager", "stranger": "rep", "rival": "manager", "quality": "quality",
    "marketing": "marketing", "admin": "admin", "foreign": "admin",
}  # fmt: skip
# How far somebody has to see to see the owner's lead.
_FAR = {"owner": "own", "mate": "team", "manager": "team"}
_REACH = ("none", "own", "team", "tree", "department", "all")
NOBODY = {"gone", "guest", "bot"}


COLLEAGUES = tuple(seat for seat in _ROLE if seat != "foreign")


def signs(sign: object) -> str:
    """A row: what `sign(seat)` says for each seat."""
    assert callable(sign)
    return "".join(sign(seat) for seat in SEATS)


def reaches(seat: str, deed: str) -> bool:
    """Whether the seat's role goes as far as the owner's lead."""
    return _REACH.index(DEEDS[deed].of(_ROLE[seat])) >= _REACH.index(_FAR.get(seat, "all"))


def lead(deed: str = "see") -> str:
    """Something done with the owner's lead: who does not see it does not find it."""

    def sign(seat: str) -> str:
        if seat in NOBODY:
            return "-"
        if seat == "foreign" or not reaches(seat, "see"):
            return "0"
        return "+" if reaches(seat, deed) else "-"

    return signs(sign)


def free(deed: str = "see") -> str:
    """Something done with a lead in a pool that all of the company is in."""
    return signs(
        lambda seat: (
            "-" if seat in NOBODY else "0" if seat == "foreign" else "+" if role(deed)[_at(seat)] == "+" else "-"
        )
    )


def role(deed: str) -> str:
    """Something that depends on the role alone; an admin of another company does it there."""
    return signs(lambda seat: "+" if seat not in NOBODY and DEEDS[deed].of(_ROLE[seat]) != "none" else "-")


def only(*seats: str, others: str = "-") -> str:
    """Something that belongs to these."""
    return signs(lambda seat: "+" if seat in seats else "-" if seat in NOBODY else others)


def theirs(*seats: str, seen_by: tuple[str, ...] = ()) -> str:
    """Something about a lead that only these may do, though others see the lead, `seen_by` among them."""

    def sign(seat: str) -> str:
        seen = seat in seen_by or lead()[_at(seat)] != "0"
        return "+" if seat in seats else "-" if seen else "0"

    return signs(sign)


def entry(*may: str) -> str:
    """Something about an entry of the owner's timeline: those who see the lead, or of them `may`."""
    return signs(
        lambda seat: "-" if seat == "foreign" or seat in NOBODY else
        "-" if may and seat not in may and reaches(seat, "see") else lead()[_at(seat)]
    )  # fmt: skip


def zeros(row: str) -> str:
    """Those who may do not find it."""
    return row.replace("+", "0")


def here(row: str) -> str:
    """The same, but what it names is not there in another company."""
    return signs(lambda seat: "0" if seat == "foreign" else row[_at(seat)])


def _at(seat: str) -> int:
    return SEATS.index(seat)


MEMBERS = signs(lambda seat: "-" if seat in NOBODY else "+")
ANYBODY = "+" * len(SEATS)
# Right as it is typed, but there is nothing to do it to: whoever may is refused for that.
NOBODYS = "-" * len(SEATS)
