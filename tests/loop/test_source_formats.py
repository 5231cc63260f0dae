"""Setting up senders of other formats from chat, the same on every platform."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from crm.rules.arrival import Arrival
from crm.services import intake, sources
from tests.world import PLATFORMS, World


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_vendor_is_set_up_from_chat(world: World, platform: str) -> None:
    ada = world.chat(platform, "ada")
    made = ada.says("sources new Spring ads using meta").text
    assert "verify token whsec_" in made
    assert "/intake/spring-ads" in made
    assert "Still missing: page_token" in ada.says("sources set spring-ads app_secret abc").text
    done = ada.says("sources set spring-ads page_token EAAB").text
    assert ("Noted." in done, "Still missing" in done, "EAAB" in done) == (True, False, False)


def test_the_fields_of_a_form_are_named_from_chat(world: World) -> None:
    ada = world.chat("slack", "ada")
    assert "sources fields survey field_1=name" in ada.says("sources new Survey using 金数据").text
    assert "Not said yet: which of its fields" in ada.says("source survey").text
    noted = ada.says("来源 字段 survey field_1＝姓名，field_2=手机，field_3=备注 field_4=备注").text
    assert "field_1=name, field_2=phone, field_3=note, field_4=note" in noted
    assert "Noted." in ada.says("sources fields survey field_5=phone").text
    with world.database.begin(world.acme.org_id) as uow:
        mapping = uow.session.scalar(text("select mapping from source where key = 'survey'"))
    assert mapping["fields"] == {"name": ["field_1"], "note": ["field_3", "field_4"], "phone": ["field_5"]}


def test_the_story_of_a_lead_says_how_the_customer_came_each_time(world: World) -> None:
    arrival = Arrival(name="Lu Wei", phone="+8613912345678")
    with world.database.begin(world.acme.org_id) as uow:
        source = sources.find(uow, "web")
        ref = intake.take_in(uow, source=source, arrival=arrival).ref
        intake.take_in(uow, source=source, arrival=replace(arrival, channel="wechat", campaign="spring"))
    assert "came in again web · wechat · spring" in world.chat("slack", "ada").says(f"lead {ref}").text


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("sources new X using fax", "I know no format “fax”"),
        ("sources set web page_token x", "sources set web"),
        ("sources set web", "This needs a source, what the vendor calls it"),
        ("sources fields web a=phone", "Type it like this"),
        ("sources fields nowhere a=phone", "There is no source “nowhere”"),
        ("sources retry web", "Type it like this"),
        ("sources retry", "This needs a source"),
    ],
)
def test_what_cannot_be_done_says_what_to_type(world: World, said: str, answer: str) -> None:
    assert answer in world.chat("slack", "ada").says(said).text


def test_a_field_that_no_lead_has_is_refused(world: World) -> None:
    ada = world.chat("slack", "ada")
    ada.says("sources new Survey using jinshuju")
    assert "has no field “shoe”" in ada.says("sources fields survey field_1=shoe").text


def test_only_who_keeps_sources_sets_them_up(world: World) -> None:
    ann = world.chat("slack", "ann")
    for said in ("sources set web page_token x", "sources fields web a=phone", "sources retry web"):
        assert "Only" in ann.says(said).text
