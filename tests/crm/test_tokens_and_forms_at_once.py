"""What an admin changes of tokens and forms: what is said is understood, and seen at once."""

from datetime import timedelta

import pytest

from crm.errors import BadArgument, NotAllowed
from crm.errors_of_interfaces import ScopeNotFound
from crm.services import api_tokens, forms, members, sources
from tests.bot.cards.scene import Scene


def test_a_revoked_token_is_off_the_list_at_once(uow, ada):
    made, _word = api_tokens.create(uow, actor=ada, name="ERP", scopes=["leads:read"])
    api_tokens.revoke(uow, actor=ada, number=made.number)
    assert list(api_tokens.listing(uow)) == []


def test_what_a_form_asks_from_now_on_is_shown_at_once(uow, acme, ada):
    form = forms.make(uow, actor=ada, source=sources.get(uow, acme.source_id))
    forms.ask(uow, actor=ada, form=form, words="name*, phone*, company")
    assert forms.page(uow, form.id).fields == [["name", True], ["phone", True], ["company", False]]


def test_a_scope_may_be_said_in_short(uow, ada):
    assert api_tokens.create(uow, actor=ada, name="ERP", scopes=["leads", "Credits"])[0].scopes == [
        "leads:read", "credits:read",
    ]  # fmt: skip


def test_a_wrong_scope_is_named_with_those_there_are(uow, ada):
    with pytest.raises(ScopeNotFound) as refused:
        api_tokens.create(uow, actor=ada, name="ERP", scopes=["leads:read", "leads:raed"])
    assert refused.value.data == {"given": "leads:raed", "names": ", ".join(api_tokens.SCOPES)}


def test_too_long_a_life_is_named(uow, ada):
    with pytest.raises(BadArgument) as refused:
        api_tokens.create(uow, actor=ada, name="ERP", scopes=["leads:read"], days=9999)
    assert refused.value.data["given"] == "9999d"


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("x leads 90d", ("x", ["leads:read"], True)),
        ("data warehouse leads:read credits", ("data warehouse", ["leads:read", "credits:read"], False)),
        ("leads", ("leads", ["leads:read"], False)),
    ],
)
def test_a_token_is_made_as_it_is_said(words, made, database, time):
    scene = Scene(database, time)
    assert scene.say("ada", f"tokens new {words}").reply.name == "token_made"
    with scene.uow() as uow:
        [token] = api_tokens.listing(uow)
    assert (token.name, token.scopes, token.expires_at is not None) == made


def test_a_company_has_fifty_tokens_at_most_and_those_that_were_revoked_do_not_count(uow, ada):
    made = [api_tokens.create(uow, actor=ada, name=f"ERP {number}", scopes=["leads"])[0] for number in range(50)]
    with pytest.raises(BadArgument):
        api_tokens.create(uow, actor=ada, name="one more", scopes=["leads"])
    api_tokens.revoke(uow, actor=ada, number=made[0].number)
    assert api_tokens.create(uow, actor=ada, name="one more", scopes=["leads"])[0].number == 51


@pytest.mark.parametrize("days", [0, 3651])
def test_a_token_lasts_a_day_at_least_and_ten_years_at_most(uow, ada, days):
    with pytest.raises(BadArgument):
        api_tokens.create(uow, actor=ada, name="ERP", scopes=["leads"], days=days)
    longest, _word = api_tokens.create(uow, actor=ada, name="n" * 70, scopes=["leads"], days=3650)
    assert (longest.expires_at - uow.now, longest.name) == (timedelta(days=3650), "n" * 60)


def test_who_runs_no_systems_neither_makes_nor_revokes_tokens(uow, acme, ada):
    made, _word = api_tokens.create(uow, actor=ada, name="ERP", scopes=["leads"])
    mia = members.get(uow, acme.member["mia"])
    with pytest.raises(NotAllowed):
        api_tokens.create(uow, actor=mia, name="mine", scopes=["leads"])
    with pytest.raises(NotAllowed):
        api_tokens.revoke(uow, actor=mia, number=made.number)
