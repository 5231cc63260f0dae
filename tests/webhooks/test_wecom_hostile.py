"""What strangers may send: refused with 4xx before anything is done, never 5xx, never a broken connection."""

import base64
import hashlib
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from weworkapi.WXBizMsgCrypt3 import WXBizMsgCrypt

from bot.cards.model import Card
from bot.interaction import Answer
from tests.doubles.wecom_caller import element
from tests.webhooks.wecom_kit import Doorstep, doorstep

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
Attack = Callable[[Doorstep], tuple[str, bytes]]


@pytest.fixture(scope="module")
def served() -> Iterator[Doorstep]:
    with doorstep() as made:
        yield made


@pytest.fixture
def at(served: Doorstep) -> Doorstep:
    return served.fresh()


def text_of(at: Doorstep, content: str = "claim L-1") -> str:
    """A proper message."""
    return at.caller.message("ann", MsgType="text", Content=content, MsgId=1)


def signed(at: Doorstep, encrypted: str, *, timestamp: str | None = None, nonce: str = "n0nce") -> tuple[str, bytes]:
    """Anything at all, with a right signature around it."""
    stamp = timestamp or str(int(time.time()))
    signature = hashlib.sha1("".join(sorted([at.wecom.token, stamp, nonce, encrypted])).encode()).hexdigest()
    query = urlencode({"msg_signature": signature, "timestamp": stamp, "nonce": nonce})
    envelope = {"ToUserName": at.wecom.corp_id, "AgentID": str(at.wecom.agent_id), "Encrypt": encrypted}
    return f"/wecom/callback?{query}", element("xml", envelope).encode()


def sealed_bytes(at: Doorstep, plain: bytes) -> str:
    """Raw plaintext under the right key, padded or not as given."""
    from Crypto.Cipher import AES

    key = base64.b64decode(at.wecom.aes_key + "=")
    return base64.b64encode(AES.new(key, AES.MODE_CBC, key[:16]).encrypt(plain)).decode()


def framed(at: Doorstep, message: bytes, *, length: int | None = None, receiver: bytes | None = None) -> str:
    """A framed message of any length field and receiver."""
    receiver = at.wecom.corp_id.encode() if receiver is None else receiver
    plain = b"r" * 16 + struct.pack(">I", len(message) if length is None else length) + message + receiver
    pad = 32 - len(plain) % 32
    return sealed_bytes(at, plain + bytes([pad]) * pad)


def altered(**query: str | None) -> Attack:
    """A proper request with parts of its query changed or, for None, taken away."""

    def attack(at: Doorstep) -> tuple[str, bytes]:
        path, body = at.caller.sealed(text_of(at))
        parts = dict(pair.split("=", 1) for pair in path.split("?")[1].split("&"))
        kept = {name: value for name, value in {**parts, **query}.items() if value is not None}
        return "/wecom/callback?" + "&".join(f"{name}={quote(value)}" for name, value in kept.items()), body

    return attack


def body(content: bytes) -> Attack:
    """A proper query over another body."""
    return lambda at: (at.caller.sealed(text_of(at))[0], content)


def stamped(make: Callable[[], str]) -> Attack:
    """A right signature over a timestamp of this kind."""
    return lambda at: signed(at, framed(at, text_of(at).encode()), timestamp=make())


def inside(message: str | bytes) -> Attack:
    """A right envelope around this message."""
    return lambda at: signed(at, framed(at, message if isinstance(message, bytes) else message.encode()))


def ciphered(encrypted: str) -> Attack:
    """A right signature over something that is no ciphertext."""
    return lambda at: signed(at, encrypted)


def enveloped(**fields: object) -> Attack:
    """A right signature, with other clear fields around it."""

    def attack(at: Doorstep) -> tuple[str, bytes]:
        path, content = at.caller.sealed(text_of(at))
        encrypted = content.decode().split("<Encrypt><![CDATA[")[1].split("]]")[0]
        told = {"ToUserName": at.wecom.corp_id, "AgentID": str(at.wecom.agent_id), "Encrypt": encrypted, **fields}
        return path, element("xml", told).encode()

    return attack


def by_other_keys(**other: str) -> Attack:
    """Encrypted and signed by somebody with other keys."""

    def attack(at: Doorstep) -> tuple[str, bytes]:
        return replace(at.caller, **other).sealed(text_of(at))

    return attack


def _seconds(shift: int) -> Callable[[], str]:
    return lambda: str(int(time.time()) + shift)


ATTACKS: dict[str, Attack] = {
    "no signature": altered(msg_signature=None),
    "no timestamp": altered(timestamp=None),
    "no nonce": altered(nonce=None),
    "empty signature": altered(msg_signature=""),
    "wrong signature": altered(msg_signature="0" * 40),
    "long signature": altered(msg_signature="a" * 5000),
    "signature in Chinese": altered(msg_signature="签" * 40),
    "signature not UTF-8": lambda at: (altered()(at)[0].replace("msg_signature=", "msg_signature=%ff%fe"), b"<xml/>"),
    "other nonce": altered(nonce="other"),
    "other timestamp": altered(timestamp="1600000000"),
    "timestamp in words": stamped(lambda: "soon"),
    "timestamp in Arabic digits": stamped(lambda: "١٦٠٠٠٠٠٠٠٠"),
    "timestamp with a sign": stamped(lambda: f"+{int(time.time())}"),
    "timestamp with a fraction": stamped(lambda: f"{time.time():.2f}"),
    "timestamp below zero": stamped(lambda: "-1"),
    "timestamp without end": stamped(lambda: "9" * 4000),
    "timestamp empty": altered(timestamp=""),
    "five minutes late": stamped(_seconds(-302)),
    "five minutes early": stamped(_seconds(302)),
    "a year old": stamped(_seconds(-31_536_000)),
    "empty body": body(b""),
    "body of zeros": body(b"\x00" * 100),
    "body not UTF-8": body(b"<xml><Encrypt>\xff\xfe\xfa</Encrypt></xml>"),
    "body in JSON": body(b'{"encrypt":"x"}'),
    "body in HTML": body(b"<html><body>hi</html>"),
    "body cut off": body(b"<xml><ToUserName>ww"),
    "body of other tags": body(b"<notxml><Encrypt>x</Encrypt></notxml>"),
    "body without Encrypt": body(b"<xml><ToUserName>ww</ToUserName></xml>"),
    "body with two Encrypts": body(b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>"),
    "body with a nested Encrypt": body(b"<xml><Encrypt><a>b</a></Encrypt></xml>"),
    "body as deep as it is long": body(b"<a>" * 20_000),
    "entity bomb outside": body((BOMB + "<xml><Encrypt>&c;</Encrypt></xml>").encode()),
    "outer entity outside": body(
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Encrypt>&e;</Encrypt></xml>'
    ),
    "bare document type": body(b"<!DOCTYPE xml><xml><Encrypt>x</Encrypt></xml>"),
    "UTF-16 envelope": body("<xml><Encrypt>x</Encrypt></xml>".encode("utf-16")),
    "other company outside": enveloped(ToUserName="ww0000000000000000"),
    "other app outside": enveloped(AgentID="1000003"),
    "list of apps outside": enveloped(AgentID=["1000002", "1000003"]),
    "other token": by_other_keys(token="another"),
    "other AES key": by_other_keys(aes_key="k" * 43),
    "other company inside": by_other_keys(corp_id="ww0000000000000000"),
    "not base64": ciphered("这不是 base64 !!!"),
    "broken base64": ciphered("abc"),
    "empty ciphertext": ciphered(""),
    "ciphertext of part of a block": ciphered(base64.b64encode(b"x" * 17).decode()),
    "random ciphertext": ciphered(base64.b64encode(bytes(range(64))).decode()),
    "padding of 255": lambda at: signed(at, sealed_bytes(at, b"\xff" * 64)),
    "padding of 0": lambda at: signed(at, sealed_bytes(at, b"\x00" * 64)),
    "frame without length": lambda at: signed(at, sealed_bytes(at, b"\x20" * 32)),
    "length beyond the end": lambda at: signed(at, framed(at, b"<xml/>", length=2**32 - 1)),
    "no receiver": lambda at: signed(at, framed(at, text_of(at).encode(), receiver=b"")),
    "receiver not UTF-8": lambda at: signed(at, framed(at, text_of(at).encode(), receiver=b"\xff\xff")),
    "message not UTF-8": inside(b"<xml><MsgType>\xff</MsgType></xml>"),
    "message not XML": inside("hello"),
    "empty message": inside(""),
    "message without kind": inside("<xml><FromUserName>ann</FromUserName></xml>"),
    "message with two kinds": inside("<xml><MsgType>text</MsgType><MsgType>event</MsgType></xml>"),
    "event without name": inside("<xml><MsgType>event</MsgType></xml>"),
    "text from nobody": inside("<xml><MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>"),
    "text from two": inside(
        "<xml><FromUserName>a</FromUserName><FromUserName>b</FromUserName><MsgType>text</MsgType><Content>x</Content></xml>"
    ),
    "entity bomb inside": inside(BOMB + "<xml><MsgType>text</MsgType><Content>&c;</Content></xml>"),
    "other app inside": inside("<xml><FromUserName>a</FromUserName><MsgType>text</MsgType><AgentID>9</AgentID></xml>"),
    "visit at no time": inside(
        "<xml><FromUserName>a</FromUserName><MsgType>event</MsgType><Event>enter_agent</Event></xml>"
    ),
    "choices without questions": inside(
        "<xml><FromUserName>a</FromUserName><MsgType>event</MsgType><Event>template_card_event</Event>"
        "<SelectedItems><SelectedItem>x</SelectedItem></SelectedItems></xml>"
    ),
    "64 KiB and one byte": lambda at: (at.caller.sealed(text_of(at))[0], b"x" * 65_537),
    "1 MiB": lambda at: (at.caller.sealed(text_of(at))[0], b"<xml>" + b"x" * 2**20 + b"</xml>"),
}


def test_the_corpus_is_large_enough() -> None:
    assert len(ATTACKS) >= 50


@pytest.mark.parametrize("name", ATTACKS)
def test_hostile_requests_are_refused_and_nothing_is_done(at: Doorstep, name: str) -> None:
    path, content = ATTACKS[name](at)
    status, answer = at.post(path, content)
    assert 400 <= status < 500
    assert (answer, at.dispatcher.seen, at.wecom.sent) == (b"", [], [])


@pytest.mark.parametrize(
    "query", ["", "?msg_signature=x&timestamp=1&nonce=2", "?echostr=%ff", "?timestamp=abc&echostr=a"]
)
def test_verification_by_strangers_is_refused(at: Doorstep, query: str) -> None:
    assert at.get(f"/wecom/callback{query}")[0] == 403


def test_a_body_without_end_is_cut_off_early(at: Doorstep) -> None:
    path = at.caller.sealed(text_of(at))[0]
    assert at.post(path, iter([b"x" * 32_000] * 40))[0] == 413


def test_a_replayed_request_has_no_second_effect_and_the_first_answer(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(card=Card(f"effect {len(at.dispatcher.effects)}"))
    path, content = at.caller.sealed(text_of(at))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: at.post(path, content), range(8)))
    shown = {at.caller.opened(answer)["Content"] for _, answer in answers}  # type: ignore[index]
    assert ({status for status, _ in answers}, shown, len(at.dispatcher.effects)) == ({200}, {"effect 0"}, 1)


def test_what_is_just_in_time_is_taken(at: Doorstep) -> None:
    statuses = [at.post(*at.caller.sealed(text_of(at), timestamp=_seconds(shift)()))[0] for shift in (-295, 295)]
    assert statuses == [200, 200]


def test_the_largest_body_that_is_allowed_is_read(at: Doorstep) -> None:
    path, content = at.caller.sealed(text_of(at, "汉" * 15_500))
    assert 60_000 < len(content) <= 65_536
    assert at.post(path, content)[0] == 200


def test_two_companies_with_the_same_agent_id_are_told_apart_by_their_keys(at: Doorstep) -> None:
    (mine,) = at.workspaces.known
    other = replace(
        mine,
        external_id="ww9999999999999999/1000002",
        secrets={**mine.secrets, "token": "other", "aes_key": "k" * 43},
        config={**mine.config, "corp_id": "ww9999999999999999"},
    )
    at.workspaces.known.append(other)
    caller = replace(at.caller, corp_id="ww9999999999999999", token="other", aes_key="k" * 43)
    caller.text("ann", "my")
    at.caller.text("ann", "my")
    at.workspaces.known.remove(other)
    assert [each.workspace for each in at.dispatcher.seen] == [other.external_id, mine.external_id]


def test_two_companies_with_the_same_token_are_told_apart_by_their_names(at: Doorstep) -> None:
    (mine,) = at.workspaces.known
    kept = {**mine.secrets, "aes_key": "k" * 43}
    config = {**mine.config, "corp_id": "ww9999999999999999"}
    other = replace(mine, external_id="ww9999999999999999/1000002", secrets=kept, config=config)
    at.workspaces.known.insert(0, other)
    callers = at.caller, replace(at.caller, corp_id="ww9999999999999999", aes_key="k" * 43)
    statuses = [caller.text("ann", "my").status for caller in callers]
    at.workspaces.known.remove(other)
    assert (statuses, [each.workspace for each in at.dispatcher.seen]) == (
        [200, 200],
        [mine.external_id, other.external_id],
    )


def test_forgery_by_tencents_own_code_with_a_foreign_token_fails(at: Doorstep) -> None:
    foreign = WXBizMsgCrypt("foreign", at.wecom.aes_key, at.wecom.corp_id)
    code, sealed = foreign.EncryptMsg(text_of(at), "n", str(int(time.time())))
    assert code == 0
    signature = sealed.split("<MsgSignature><![CDATA[")[1].split("]]")[0]
    query = urlencode({"msg_signature": signature, "timestamp": str(int(time.time())), "nonce": "n"})
    assert at.post(f"/wecom/callback?{query}", sealed.encode())[0] == 403
