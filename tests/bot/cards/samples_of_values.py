"""Samples of managed lists and a company's own fields: what admins see, and what they make of a lead's card."""

from __future__ import annotations

from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


def kept(scene: Scene) -> None:
    """Two products, a reason for losing, and three fields, one of them masked and one needed at a stage."""
    scene.say("ada", "values products add Gizmo / 小玩意 = gizmo 3000")
    scene.say("ada", "values products add Gadget / 大玩意")
    scene.say("ada", "values lost reasons add Price / 价格 = too expensive, 太贵")
    scene.say("ada", "values fields add Budget ceiling / 预算上限 amount, required at Quote")
    scene.say("ada", "values fields add Passport / 护照号 text, sensitive")
    scene.say("ada", "values fields add Rival / 竞品 choices: Zeta / 泽塔, Omega / 欧米")


@sample("values")
def values(scene: Scene) -> Shown:
    kept(scene)
    return scene.say("ada", "values")


@sample("values_list")
def values_list(scene: Scene) -> Shown:
    kept(scene)
    scene.lead(owner="ann", product="Gizmo")
    scene.lead(owner="ann", product="Widget", name="Amy Wu", firm="Zen")
    return scene.say("ada", "values products")


@sample("values_list-added")
def values_list_added(scene: Scene) -> Shown:
    scene.lead(owner="ann", product="小玩意")
    return scene.say("ada", "values products add Gizmo / 小玩意")


@sample("values_list-owned")
def values_list_owned(scene: Scene) -> Shown:
    scene.say("ada", "values channels add Expo / 展会")
    return scene.say("ada", "values channels owner Expo @Ann")


@sample("values_list-any")
def values_list_any(scene: Scene) -> Shown:
    return scene.say("ann", "values regions")


@sample("values_list-retired")
def values_list_retired(scene: Scene) -> Shown:
    kept(scene)
    scene.say("ada", "values products default Gizmo")
    return scene.say("ada", "values products retire Gadget")


@sample("values_fields")
def values_fields(scene: Scene) -> Shown:
    kept(scene)
    return scene.say("ada", "values fields change Budget ceiling hidden")


@sample("values_fields-none")
def values_fields_none(scene: Scene) -> Shown:
    return scene.say("ada", "values fields")


@sample("values_undone")
def values_undone(scene: Scene) -> Shown:
    kept(scene)
    scene.say("ada", "values products merge Gadget into Gizmo")
    return scene.say("ada", "undo")


@sample("set_form")
def set_form(scene: Scene) -> Shown:
    kept(scene)
    ref = scene.lead(owner="ann", product="Gizmo")
    scene.say("ann", f"set {ref} budget ceiling 50k")
    return scene.tap("ann", "lead.set", ref)


@sample("lead-with-fields")
def lead_with_fields(scene: Scene) -> Shown:
    kept(scene)
    ref = scene.lead(owner="ann")
    return scene.say("ann", f"set {ref} product gizmo-3000, budget ceiling 50k, rival zeta 和 omega, passport E123")


@sample("lost_why-listed")
def lost_why_listed(scene: Scene) -> Shown:
    kept(scene)
    return scene.say("ann", f"lost {scene.lead(owner='ann')}")
