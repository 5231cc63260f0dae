"""The address book and the customers of WeCom's double: who may see whom, who follows whom, and transfers that take
their time. A part of `WeComDouble`."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.wecom_rules import demand

DAYS_90 = 90 * 86400.0


@dataclass
class Customer:
    """An external contact. `follows` has what each member noted, by userid in lower case."""

    id: str
    told: dict[str, Any]
    follows: dict[str, dict[str, Any]] = field(default_factory=dict)
    moved_at: list[float] = field(default_factory=list)


@dataclass
class Transfer:
    """A customer on the way from one member to another. `status` as `transfer_result` tells it."""

    giver: str
    taker: str
    customer: str
    status: int = 2


class People:
    """Endpoints below `user`, `department` and `externalcontact`."""

    now: Callable[[], float]
    people: dict[str, dict[str, Any]]

    def open_book(self) -> None:
        """As after installation: one department, no customers."""
        self.departments: dict[int, dict[str, Any]] = {1: {"id": 1, "name": "Acme", "parentid": 0, "order": 1}}
        self.customers: dict[str, Customer] = {}
        self.transfers: list[Transfer] = []
        self.no_contacts_for_apps = False
        self.full: set[str] = set()

    def hire(self, user: str, name: str, *, unit: int = 1, **more: Any) -> None:
        """Somebody is in the app's visible range."""
        self.people[user.lower()] = {
            "userid": user,
            "name": name,
            "department": [unit],
            "main_department": unit,
            **more,
        }

    def follow(self, user: str, external_id: str, *, name: str = "Wang", **noted: Any) -> Customer:
        """A member adds a customer."""
        told = {"external_userid": external_id, "name": name, "type": 1, "gender": 0}
        customer = self.customers.setdefault(external_id, Customer(external_id, told))
        customer.told |= {key: noted.pop(key) for key in ("unionid", "corp_name", "position") if key in noted}
        entry = {"userid": user, "remark": name, "description": "", "tags": [], "remark_mobiles": [], "add_way": 1}
        customer.follows[user.lower()] = {**entry, "createtime": int(self.now()), **noted}
        return customer

    def settle(self, external_id: str, status: int = 1) -> None:
        """A transfer ends: 1 done, 3 refused, 4 the taker is full."""
        moving = next(each for each in self.transfers if each.customer == external_id and each.status == 2)
        moving.status = status
        if status == 1:
            customer = self.customers[external_id]
            noted = customer.follows.pop(moving.giver.lower(), None) or {"remark": "", "tags": []}
            customer.follows[moving.taker.lower()] = {**noted, "userid": moving.taker}

    def do_user_get(self, query: dict[str, str], _: Any) -> dict[str, Any]:
        person = self.people.get(query.get("userid", "").lower())
        demand(person is not None, 60111)
        return {"userid": query["userid"], "department": [1], "status": 1, **(person or {})}

    def do_user_list(self, query: dict[str, str], _: Any) -> dict[str, Any]:
        unit = int(query["department_id"])
        demand(unit in self.departments, 60011)
        found = [{"userid": key, "department": [1], "status": 1, **told} for key, told in self.people.items()]
        return {"userlist": [each for each in found if unit in each["department"]]}

    def do_department_list(self, _: dict[str, str], __: Any) -> dict[str, Any]:
        return {"department": list(self.departments.values())}

    def do_externalcontact_get(self, query: dict[str, str], _: Any) -> dict[str, Any]:
        """Two followers a page, so that paging is met in small tests."""
        demand(not self.no_contacts_for_apps, 48002)
        customer = self.customers.get(query.get("external_userid", ""))
        demand(customer is not None and customer.follows, 84061)
        assert customer is not None
        start = int(query.get("cursor") or 0)
        follows = list(customer.follows.values())
        more = {"next_cursor": str(start + 2)} if len(follows) > start + 2 else {}
        return {"external_contact": customer.told, "follow_user": follows[start : start + 2], **more}

    def do_externalcontact_batch_get_by_user(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        demand(not self.no_contacts_for_apps, 48002)
        users = [user.lower() for user in body["userid_list"]]
        demand(0 < len(users) <= 100 and 0 < body.get("limit", 50) <= 100, 40058)
        pairs = itertools.product(self.customers.values(), users)
        rows = [
            {"external_contact": customer.told, "follow_info": _without_names(customer.follows[user])}
            for customer, user in pairs
            if user in customer.follows
        ]
        demand(rows, 84061)
        start = int(body.get("cursor") or 0)
        more = {"next_cursor": str(start + 2)} if len(rows) > start + 2 else {}
        return {"external_contact_list": rows[start : start + 2], **more}

    def do_externalcontact_transfer_customer(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        demand(body["handover_userid"].lower() in self.people, 40003)
        return self._transfer(body, twice=True)

    def do_externalcontact_resigned_transfer_customer(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        giver = self.people.get(body["handover_userid"].lower())
        demand(giver is None or giver.get("status") == 5, 40097)
        return self._transfer(body, twice=False)

    def do_externalcontact_transfer_result(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        demand(body["handover_userid"].lower() in self.people, 40003)
        return self._results(body)

    def do_externalcontact_resigned_transfer_result(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        return self._results(body)

    def _transfer(self, body: dict[str, Any], *, twice: bool) -> dict[str, Any]:
        giver, taker, wanted = body["handover_userid"], body["takeover_userid"], body["external_userid"]
        demand(taker.lower() in self.people, 40003)
        demand(0 < len(wanted) <= 100, 40058)
        told = []
        for external_id in wanted:
            code = self._refusal(giver, taker, external_id, twice=twice)
            told.append({"external_userid": external_id, "errcode": code})
            if code == 0:
                self.transfers.append(Transfer(giver, taker, external_id))
                self.customers[external_id].moved_at.append(self.now())
        return {"customer": told}

    def _refusal(self, giver: str, taker: str, external_id: str, *, twice: bool) -> int:
        customer = self.customers.get(external_id)
        if customer is None or giver.lower() not in customer.follows:
            return 40096
        if any(each.customer == external_id and each.status == 2 for each in self.transfers):
            return 40100
        if taker.lower() in self.full:
            return 40099
        lately = [at for at in customer.moved_at if self.now() - at < DAYS_90]
        return 40128 if twice and len(lately) >= 2 else 0

    def _results(self, body: dict[str, Any]) -> dict[str, Any]:
        pair = (body["handover_userid"].lower(), body["takeover_userid"].lower())
        found = [each for each in self.transfers if (each.giver.lower(), each.taker.lower()) == pair]
        rows = [{"external_userid": each.customer, "status": each.status, "takeover_time": 0} for each in found]
        return {"customer": rows, "next_cursor": ""}


def _without_names(follow: dict[str, Any]) -> dict[str, Any]:
    """Tags come as bare ids when they are read in bulk."""
    return {**{key: value for key, value in follow.items() if key != "tags"}, "tag_id": ["et1"] * len(follow["tags"])}
