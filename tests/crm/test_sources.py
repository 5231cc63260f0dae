"""Sources of leads: their keys, who may keep them, and what the list shows."""

import re
from datetime import timedelta

import pytest

from crm.errors import BadArgument, NotAllowed, SourceExists, SourceMeant, SourceNotFound
from crm.services import members, source_watch, sources
from crm.vault import Vault
from tests import build

VAULT = Vault(build.SECRET)


def test_a_key_is_shown_once_and_kept_sealed(uow, ada):
    made = sources.create(uow, VAULT, actor=ada, key="Fair", name="Spring fair")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{32}", made.key)
    assert made.key.encode() not in made.source.secret
    assert sources.valid_keys(uow, VAULT, made.source) == [made.key]
    assert (made.source.key, made.source.name, made.source.kind) == ("fair", "Spring fair", "keyed")


@pytest.mark.parametrize(
    ("name", "word"), [("Spring Fair 2026!", "spring-fair-2026"), ("官网", "guan-wang"), ("!!", "source")]
)
def test_a_source_without_a_word_gets_one_from_its_name(uow, ada, name, word):
    assert re.fullmatch(word, sources.create(uow, VAULT, actor=ada, name=name).source.key)


def test_names_that_sound_the_same_get_words_of_their_own(uow, ada):
    words = [sources.create(uow, VAULT, actor=ada, name=name).source.key for name in ("展会", "展绘", "Zhan hui")]
    assert words == ["zhan-hui", "zhan-hui-2", "zhan-hui-3"]
    with pytest.raises(SourceExists):
        sources.create(uow, VAULT, actor=ada, name="展会")


@pytest.mark.parametrize("key", ["a b", "线索", "-x", "x" * 64, "a/b", "a.b"])
def test_a_word_that_fits_no_address_is_refused(uow, ada, key):
    with pytest.raises(BadArgument):
        sources.create(uow, VAULT, actor=ada, key=key)


def test_a_word_is_used_once(uow, ada):
    with pytest.raises(SourceExists):
        sources.create(uow, VAULT, actor=ada, key="web")


def test_a_kind_that_nobody_reads_is_refused(uow, ada):
    with pytest.raises(BadArgument):
        sources.create(uow, VAULT, actor=ada, key="fax", kind="fax")


@pytest.mark.parametrize("who", ["ann", "mia"])
def test_only_admins_and_marketing_keep_sources(uow, acme, who):
    actor = members.get(uow, acme.member[who])
    with pytest.raises(NotAllowed):
        sources.create(uow, VAULT, actor=actor, key="x")
    with pytest.raises(NotAllowed):
        sources.rotate(uow, VAULT, actor=actor, key="web")
    with pytest.raises(NotAllowed):
        sources.set_enabled(uow, actor=actor, key="web", enabled=False)


def test_after_a_rotation_both_keys_are_valid_for_a_day(uow, ada):
    made = sources.create(uow, VAULT, actor=ada, key="fair")
    fresh = sources.rotate(uow, VAULT, actor=ada, key="fair")
    assert sources.valid_keys(uow, VAULT, fresh.source) == [fresh.key, made.key]
    uow.now += timedelta(hours=24)
    assert sources.valid_keys(uow, VAULT, fresh.source) == [fresh.key]


def test_a_disabled_source_is_found_by_nobody_who_posts(uow, acme, ada):
    word = sources.create(uow, VAULT, actor=ada, key=f"fair-{acme.org_id}").source.key
    assert sources.locate(uow, word) == [(acme.org_id, sources.find(uow, word).id)]
    source = sources.set_enabled(uow, actor=ada, key=word, enabled=False)
    uow.session.flush()
    assert sources.locate(uow, word) == []
    assert sources.get(uow, source.id) is None
    sources.set_enabled(uow, actor=ada, key=word, enabled=True)
    uow.session.flush()
    assert sources.get(uow, source.id) is not None


def test_a_source_is_found_by_its_word_or_name(uow, acme):
    assert sources.find(uow, " WEB ").id == sources.find(uow, "website").id == acme.source_id
    with pytest.raises(SourceNotFound):
        sources.find(uow, "nowhere")


def test_a_source_is_found_by_a_beginning_that_no_other_has(uow, ada):
    made = sources.create(uow, VAULT, actor=ada, name="官网 Website").source
    assert sources.find(uow, "官网").id == made.id
    sources.create(uow, VAULT, actor=ada, name="官网 Shop")
    with pytest.raises(SourceMeant) as refused:
        sources.find(uow, "官网")
    assert refused.value.data["guess"].startswith("官网")


def test_a_misspelt_source_is_guessed(uow):
    with pytest.raises(SourceMeant) as refused:
        sources.find(uow, "websiet")
    assert refused.value.data["guess"] == "Website"


def test_the_list_shows_what_was_counted(uow, acme):
    source_watch.count(uow, source_id=acme.source_id, accepted=3, rejected=1, refused={})
    uow.session.expire_all()
    source = sources.listing(uow)[0]
    assert (source.accepted, source.rejected, source.last_seen_at) == (3, 1, uow.now)
