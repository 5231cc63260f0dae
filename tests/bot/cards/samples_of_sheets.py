"""A dropped sheet from its first look to its end."""

from __future__ import annotations

import json

from bot.context import Reply
from crm.services import dropped_sheets, members
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown

FOUND = {
    "header": ["姓名", "mobile", "shoe size"], "mapping": {"0": "name", "1": "phone"}, "rows": 120, "usable": 117,
    "wrong": 3, "known": 12, "counting": False, "keyless": False,
    "problems": [[4, {"phone": "This is not a valid phone number."}], [9, {"phone": "A name is missing {so}"}]],
}  # fmt: skip


def came(scene: Scene, who: str = "mia") -> int:
    with scene.uow() as uow:
        actor = members.get(uow, scene.acme.member[who])
        return dropped_sheets.announce(uow, actor=actor, workspace_id=1, name="leads <March>.csv", handle={}).id


def shown(scene: Scene, who: str = "mia", **more: object) -> int:
    sheet = came(scene, who)
    with scene.uow() as uow:
        sample_rows = [["周敏", "13800138000", "38"], ["Zoe", "13800138001", ""]]
        dropped_sheets.show(uow, sheet, digest="d", sample=sample_rows, found=FOUND | more)
    return sheet


def ended(scene: Scene, state: str, **figures: object) -> Shown:
    sheet = shown(scene)
    if state in ("running", "done"):
        scene.tap("mia", "sheet.confirm", f"{sheet} company")
    with scene.uow() as uow:
        told = json.dumps(figures)
        if state == "running":
            dropped_sheets.progress(uow, sheet, told)
        else:
            dropped_sheets.end(uow, sheet, state, told)
    return Shown("mia", Reply("dropped", {"sheet": sheet}))


@sample("dropped")
def dropped(scene: Scene) -> Shown:
    return Shown("mia", Reply("dropped", {"sheet": shown(scene)}))


@sample("dropped-unlisted")
def dropped_unlisted(scene: Scene) -> Shown:
    return Shown(
        "mia", Reply("dropped", {"sheet": shown(scene, unknown=[["region: Nord", 12], ["product: Gizmo 9", 3]])})
    )


@sample("dropped-reading")
def dropped_reading(scene: Scene) -> Shown:
    return Shown("mia", Reply("dropped", {"sheet": came(scene)}))


@sample("dropped-rep")
def dropped_rep(scene: Scene) -> Shown:
    return Shown("ann", Reply("dropped", {"sheet": shown(scene, "ann", keyless=True, counting=True)}))


@sample("dropped-running")
def dropped_running(scene: Scene) -> Shown:
    return ended(scene, "running", done=50, created=48)


@sample("dropped-done")
def dropped_done(scene: Scene) -> Shown:
    figures = {"done": 120, "created": 105, "touched": 12, "repeated": 0, "rejected": 3, "sent_back": True}
    return ended(scene, "done", **figures)


@sample("dropped-failed")
def dropped_failed(scene: Scene) -> Shown:
    return ended(scene, "failed", why="unreadable", detail="The file is empty.")


@sample("dropped-cancelled")
def dropped_cancelled(scene: Scene) -> Shown:
    return scene.tap("mia", "sheet.cancel", str(shown(scene)))


@sample("dropped_column")
def dropped_column(scene: Scene) -> Shown:
    return scene.tap("mia", "sheet.column", f"{shown(scene)} 1")
