"""Each shipped format takes the vendor's published payload, believes only the vendor, and takes a lead in once."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm import formats
from crm.formats.reading import leads_of, read
from crm.rules.arrival import FieldErrors
from tests.webhooks.intake import kit
from webhooks.intake import mapped

JINSHUJU = {
    "fields": {"name": "field_1", "phone": "field_2", "product": "field_3", "region": "field_4", "note": "field_5"}
}
OWN = formats.parse((kit.SAMPLES / "own.yaml").read_text()).model_dump(mode="json", exclude_unset=True)


def google(source, body):
    content = json.loads(body) | {"google_key": source.key}
    return {"json": content}


def typeform(source, body):
    headers = {"Typeform-Signature": "sha256=" + kit.based(source.key, body), "Content-Type": "application/json"}
    return {"content": body, "headers": headers}


def in_address(source, body):
    return {"content": body, "params": {"key": source.key}, "headers": {"Content-Type": "application/json"}}


def own(source, body):
    moment = str(int(datetime.now(UTC).timestamp()))
    signature = "sha256=" + kit.hexed(source.key, body, f"{moment}.")
    return {
        "content": body,
        "headers": {"X-Signature": signature, "X-Timestamp": moment, "Content-Type": "application/json"},
    }


# format: (document beside it, how its vendor proves itself, name, campaign, channel)
SHIPPED = {
    "google": (None, google, ("Lu Wei", "123456789", "google")),
    "typeform": (None, typeform, ("Lu Wei", "spring", "newsletter")),
    "jinshuju": (JINSHUJU, in_address, ("陆伟", "加盟咨询", None)),
    "ocean": (None, in_address, ("陆伟", "春季招商", "抖音")),
    "tencent": (None, in_address, ("陆伟", "春季招商", "tencent")),
    "baidu": (None, in_address, ("陆伟", "春季招商", "baidu")),
}
ANSWERS = {
    "google": {}, "ocean": {"code": 0, "message": "success"}, "tencent": {"code": 0, "message": "success"},
    "baidu": {"code": 0, "message": "success"},
}  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_the_published_payload_is_one_lead_however_often_it_comes(posting, database, acme, name):
    document, proved, expected = SHIPPED[name]
    source = kit.make(database, acme, name, document=document)
    body = json.dumps(kit.sample(name)).encode()
    answers = [posting.post(source.path, **proved(source, body)) for _ in range(2)]
    assert [answer.json() for answer in answers] == [ANSWERS.get(name, {"ref": "L-1001"})] * 2
    assert [answer.status_code for answer in answers] == [200 if name in ANSWERS else 201, 200]
    assert [tuple(row[:3]) for row in kit.leads(database, acme)] == [expected]
    assert ("phone", "+8613800138000") in kit.keys(database, acme)
    assert kit.count(database, acme, "activity where verb = 'touched'") == 0


@pytest.mark.parametrize("name", SHIPPED)
def test_a_post_that_proves_nothing_is_refused(posting, database, acme, name):
    document, proved, _ = SHIPPED[name]
    source = kit.make(database, acme, name, document=document)
    body = json.dumps(kit.sample(name)).encode()
    stranger = kit.make(database, acme, "google") if name != "google" else kit.make(database, acme, "baidu")
    assert posting.post(source.path, json=kit.sample(name)).status_code == 401
    assert posting.post(source.path, **proved(stranger, body)).status_code == 401
    assert kit.leads(database, acme) == []


def test_what_the_vendor_says_beside_the_contact_is_kept(posting, database, acme):
    source = kit.make(database, acme, "ocean")
    body = json.dumps(kit.sample("ocean") | {"remark_dict": {"预算": "看情况"}, "email": "none"}).encode()
    assert posting.post(source.path, **in_address(source, body)).status_code == 200
    (custom,) = [row.custom for row in kit.leads(database, acme)]
    # A budget in words is no amount: it is kept as it was written, and the lead is not lost.
    assert (custom["amount"], custom["email"]) == ("看情况", "none")
    assert custom["clue_type"] == "0"
    assert "convert_status" not in custom


def test_a_key_with_a_plus_is_believed_also_in_an_address_that_is_not_quoted(posting, database, acme):
    source = kit.make(database, acme, "baidu", secret="whsec_a+b/c")
    for address in (f"{source.path}?key=whsec_a+b/c", f"{source.path}?key=whsec_a%2Bb%2Fc"):
        assert posting.post(address, json=kit.sample("baidu")).status_code == 200


def test_a_secret_of_the_body_is_not_kept_with_the_lead(posting, database, acme):
    document = {"fields": {"phone": "mobile"}, "believed": [{"by": "body", "path": "token"}]}
    source = kit.make(database, acme, "generic", document=document)
    sent = {"mobile": "13800138000", "token": source.key, "colour": "red"}
    assert posting.post(source.path, json=sent).status_code == 201
    assert [row.custom for row in kit.leads(database, acme)] == [{"colour": "red"}]


def test_a_test_lead_of_google_is_ignored(posting, database, acme):
    source = kit.make(database, acme, "google")
    body = json.dumps(kit.sample("google") | {"is_test": True}).encode()
    assert posting.post(source.path, **google(source, body)).json() == {}
    assert kit.leads(database, acme) == []


def test_a_form_whose_fields_nobody_has_named_is_refused_with_what_is_missing(posting, database, acme):
    source = kit.make(database, acme, "jinshuju")
    answer = posting.post(source.path, **in_address(source, json.dumps(kit.sample("jinshuju")).encode()))
    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"phone"})


def test_two_forms_may_use_the_same_numbers(posting, database, acme):
    source = kit.make(database, acme, "jinshuju", document=JINSHUJU)
    other = kit.sample("jinshuju") | {"form": "other"}
    other["entry"] = other["entry"] | {"field_2": "13900139000"}
    bodies = [json.dumps(each).encode() for each in (kit.sample("jinshuju"), other)]
    assert [posting.post(source.path, **in_address(source, body)).status_code for body in bodies] == [201, 201]


def test_a_form_that_is_not_meant_is_refused(posting, database, acme):
    source = kit.make(database, acme, "jinshuju", document=JINSHUJU | {"must": {"form": "another"}})
    answer = posting.post(source.path, **in_address(source, json.dumps(kit.sample("jinshuju")).encode()))
    assert (answer.status_code, answer.json()) == (
        422, {"errors": {"form": "This source does not take what is sent from here."}},
    )  # fmt: skip


def test_an_admins_own_description_takes_several_leads_from_a_post(posting, database, acme):
    source = kit.make(database, acme, "generic", document=OWN)
    body = json.dumps(kit.sample("own")).encode()
    assert posting.post(source.path, **own(source, body)).json() == {"leads": [{"ref": "L-1001"}]}
    assert [(row.name, row.custom) for row in kit.leads(database, acme)] == [
        ("Lu Wei", {"Colour": "red", "page": "spring"})
    ]


def test_of_several_leads_a_wrong_one_keeps_no_other_out(posting, database, acme):
    source = kit.make(database, acme, "generic", document=OWN)
    good, wrong = kit.sample("own")["requests"][0], {"kind": "quote", "number": 9, "customer": {"mobile": "12"}}
    body = json.dumps({"requests": [wrong, good]}).encode()
    answer = posting.post(source.path, **own(source, body))
    assert answer.json() == {"leads": [{"errors": {"phone": "This is not a valid phone number."}}, {"ref": "L-1001"}]}
    body = json.dumps({"requests": [wrong]}).encode()
    assert posting.post(source.path, **own(source, body)).status_code == 422


@pytest.mark.parametrize(
    "requests",
    [None, {}, "x", 7, [1], [[]], ["text"], [None], [{"kind": "quote", "customer": []}], [{"kind": "quote"}] * 101],
)
def test_a_post_of_wrong_types_is_refused_by_name(posting, database, acme, requests):
    source = kit.make(database, acme, "generic", document=OWN)
    answer = posting.post(source.path, **own(source, json.dumps({"requests": requests}).encode()))
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_signed_time_that_is_old_is_not_believed(posting, database, acme):
    source = kit.make(database, acme, "generic", document=OWN)
    body = json.dumps(kit.sample("own")).encode()
    sent = own(source, body)
    old = str(int(sent["headers"]["X-Timestamp"]) - 400)
    sent["headers"] |= {"X-Timestamp": old, "X-Signature": "sha256=" + kit.hexed(source.key, body, f"{old}.")}
    assert posting.post(source.path, **sent).status_code == 401


def test_every_format_says_how_it_is_set_up_in_both_languages():
    told = {name: formats.named(name).setup for name in formats.names()}
    assert {name for name, words in told.items() if words is None or "{address}" not in words.en + words.zh} == set()


def test_every_format_has_a_sample_of_which_something_is_read():
    read_from = {name: len(leads_of(formats.named(name), kit.sample(name))) for name in formats.names()}
    assert {name for name, found in read_from.items() if not found} == set()
    assert read(formats.named("baidu"), kit.sample("baidu"), {}).own_id == "260304140990751127"


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def bent(draw):
    """A vendor's own payload in which one value became something else."""
    name = draw(st.sampled_from(formats.names()))
    post = kit.sample(name)
    within, key = post, draw(st.sampled_from(sorted(post)))
    while draw(st.booleans()) and isinstance(within[key], dict | list) and within[key]:
        within = within[key]
        key = draw(st.sampled_from(sorted(within) if isinstance(within, dict) else range(len(within))))
    within[key] = draw(JSON)
    return name, post


@settings(max_examples=150, deadline=None)
@given(bent())
def test_a_bent_payload_is_read_or_refused_and_breaks_nothing(found):
    name, post = found
    for document in (formats.named(name), mapped.of_lead(formats.named(name))):
        with suppress(FieldErrors):
            assert mapped.told(document, post, "CN").items
