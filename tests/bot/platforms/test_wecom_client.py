"""The client against a strict, misbehaving server: one refresh, one repeat, every failure named, no secret shown."""

import logging
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.platforms import base
from bot.platforms import wecom_client as module
from bot.platforms.wecom_client import WeComClient
from tests.bot.platforms.wecom_kit import PNG, MemoryTokens, installed
from tests.doubles.wecom import WeComDouble
from tests.doubles.wecom_faults import Fault, cut, errcode, garbage, hang, status, truncated

TEXT = {"msgtype": "text", "text": {"content": "你好"}}


@pytest.fixture
def wecom() -> Iterator[WeComDouble]:
    with WeComDouble() as double:
        yield double


@pytest.fixture
def client(wecom: WeComDouble) -> WeComClient:
    return WeComClient(installed(wecom), MemoryTokens(), api_url=wecom.url)


def test_the_token_is_asked_for_once_and_kept(wecom: WeComDouble, client: WeComClient) -> None:
    client.send("ann", TEXT)
    client.send("ann", TEXT)
    assert (wecom.calls["gettoken"], [each.text for each in wecom.messages("ann")]) == (1, ["你好", "你好"])


@pytest.mark.parametrize("code", [40014, 42001])
def test_a_refused_token_is_renewed_once_and_the_call_repeated(
    wecom: WeComDouble, client: WeComClient, code: int
) -> None:
    wecom.script("message/send", errcode(code))
    client.send("ann", TEXT)
    assert (wecom.calls["gettoken"], wecom.calls["message/send"]) == (2, 2)
    assert len(wecom.messages("ann")) == 1


def test_a_server_that_refuses_every_token_is_left_alone(wecom: WeComDouble, client: WeComClient) -> None:
    wecom.script("message/send", *[errcode(42001)] * 9)
    with pytest.raises(base.Unavailable, match="42001"):
        client.send("ann", TEXT)
    assert (wecom.calls["gettoken"], wecom.calls["message/send"]) == (2, 2)


def test_an_upload_is_whole_when_it_is_repeated_with_a_fresh_token(wecom: WeComDouble, client: WeComClient) -> None:
    client.send("ann", TEXT)
    wecom.expire_tokens()
    assert wecom.media[client.upload_image(PNG, "chart.png")] == PNG


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (errcode(-1), base.Unavailable),
        (errcode(45009), base.Throttled),
        (errcode(45033), base.Throttled),
        (errcode(40001), base.InstallationDead),
        (errcode(60020), base.InstallationDead),
        (errcode(60111), base.RecipientGone),
        (errcode(81013), base.RecipientGone),
        (errcode(45002), base.Rejected),
        (errcode(42035), base.Rejected),
        (errcode(99999), base.Rejected),
        (status(429, Retry_After="30"), base.Throttled),
        (status(429), base.Throttled),
        (status(429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), base.Throttled),
        (status(500), base.Unavailable),
        (status(502), base.OutcomeUnknown),
        (status(503), base.Unavailable),
        (status(504), base.OutcomeUnknown),
        (status(404), base.Rejected),
        (status(302, Location="http://127.0.0.1:1/"), base.OutcomeUnknown),
        (cut(), base.OutcomeUnknown),
        (truncated(), base.OutcomeUnknown),
        (garbage(b"[]"), base.OutcomeUnknown),
        (garbage(b"{}"), base.OutcomeUnknown),
        (garbage(b'{"errcode":"abc"}'), base.OutcomeUnknown),
        (garbage(b"\xff\xfe<html>"), base.OutcomeUnknown),
    ],
    ids=lambda value: f"{value.kind}-{value.value}" if isinstance(value, Fault) else value.__name__,
)
def test_every_failure_has_its_own_name(
    wecom: WeComDouble, client: WeComClient, fault: Fault, error: type[Exception]
) -> None:
    wecom.script("message/send", fault)
    with pytest.raises(base.PlatformError) as caught:
        client.send("ann", TEXT)
    assert isinstance(caught.value, error)


def test_the_wait_that_the_server_names_is_obeyed(wecom: WeComDouble, client: WeComClient) -> None:
    wecom.script("message/send", status(429, Retry_After="30"), errcode(45009))
    waits = []
    for _ in range(2):
        with pytest.raises(base.Throttled) as caught:
            client.send("ann", TEXT)
        waits.append(caught.value.retry_after)
    assert waits == [30.0, 60.0]


def test_a_server_that_hangs_is_given_up_with_the_outcome_unknown(
    wecom: WeComDouble, client: WeComClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.send("ann", TEXT)  # so that a token is there
    client.timeout = (30, 0.3)
    wecom.script("message/send", hang())
    with pytest.raises(base.OutcomeUnknown):
        client.send("ann", TEXT)
    assert sum(module.TIMEOUT) <= 10


def test_a_server_that_is_not_there_has_taken_nothing(wecom: WeComDouble) -> None:
    client = WeComClient(installed(wecom), MemoryTokens(), api_url="http://127.0.0.1:9/cgi-bin/")
    with pytest.raises(base.Unavailable) as caught:
        client.send("ann", TEXT)
    assert not isinstance(caught.value, base.OutcomeUnknown)


def test_a_wrong_secret_is_told_after_one_try(wecom: WeComDouble) -> None:
    client = WeComClient(installed(wecom, secret="wrong"), MemoryTokens(), api_url=wecom.url)
    with pytest.raises(base.InstallationDead):
        client.send("ann", TEXT)
    assert wecom.calls["gettoken"] == 1


def test_a_token_answer_without_token_is_no_token(wecom: WeComDouble, client: WeComClient) -> None:
    wecom.script("gettoken", garbage(b'{"errcode":0}'))
    with pytest.raises(base.Unavailable):
        client.send("ann", TEXT)


@pytest.mark.parametrize("fault", [errcode(42001), cut(), status(500), truncated(), errcode(40096)])
def test_no_secret_and_no_token_is_in_any_error(wecom: WeComDouble, client: WeComClient, fault: Fault) -> None:
    wecom.script("message/send", fault, fault)
    with pytest.raises(base.PlatformError) as caught:
        client.send("ann", TEXT)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)
    assert wecom.secret not in told
    assert "token-" not in told


def test_no_secret_and_no_token_is_in_any_log(
    wecom: WeComDouble, client: WeComClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.send("ann", TEXT)
        client.send_by_robot(next(iter(wecom.robots)), TEXT)
    assert "message/send?access_token=…" in caplog.text
    assert not [secret for secret in (wecom.secret, "token-", *wecom.robots) if secret in caplog.text]


def test_many_threads_with_a_dead_token_all_get_through(wecom: WeComDouble) -> None:
    class Serial(MemoryTokens):
        lock = threading.Lock()

        def renew(self, workspace, stale, fetch):  # type: ignore[no-untyped-def]
            with self.lock:
                if self.token is None or self.token == stale:
                    time.sleep(0.05)
                    self.token = fetch().value
                return self.token

    client = WeComClient(installed(wecom), Serial(), api_url=wecom.url)
    client.send("ann", TEXT)
    wecom.expire_tokens()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.send("ann", TEXT), range(16)))
    assert (wecom.calls["gettoken"], len(wecom.messages("ann"))) == (2, 17)


def test_a_recalled_message_is_gone(wecom: WeComDouble, client: WeComClient) -> None:
    client.recall(client.send("ann", TEXT)["msgid"])
    assert wecom.messages("ann") == []


def test_wechatpys_own_calls_go_the_same_way(wecom: WeComDouble, client: WeComClient) -> None:
    wecom.expire_tokens()
    assert client.user.get("ann")["name"] == "Ann"
    with pytest.raises(base.RecipientGone):
        client.user.get("nobody")


def test_a_file_is_fetched_whole_with_a_fresh_token_and_never_more_than_asked_for(
    wecom: WeComDouble, client: WeComClient
) -> None:
    media_id = wecom.uploaded(b"\x00\xff" * 500)
    assert client.download(media_id, 1000) == b"\x00\xff" * 500
    wecom.expire_tokens()
    assert client.download(media_id, 1000) == b"\x00\xff" * 500
    with pytest.raises(base.Rejected, match="file_too_big"):
        client.download(media_id, 999)


def test_a_file_that_is_json_is_no_refusal(wecom: WeComDouble, client: WeComClient) -> None:
    assert client.download(wecom.uploaded(b'{"errcode": 40007}'), 99) == b'{"errcode": 40007}'


def test_a_file_that_is_gone_or_cannot_be_had_now_is_told_apart(wecom: WeComDouble, client: WeComClient) -> None:
    media_id = wecom.uploaded(b"123456")
    with pytest.raises(base.Rejected, match="40007"):
        client.download("gone", 99)
    wecom.script("media/get", status(503), cut())
    for error in (base.Unavailable, base.OutcomeUnknown):
        with pytest.raises(error) as failure:
            client.download(media_id, 99)
        assert wecom.secret not in str(failure.value)


@pytest.mark.parametrize("code", [86001, 86003, 86008, 86216])
def test_a_group_chat_that_refuses_is_gone_whatever_the_reason(
    wecom: WeComDouble, client: WeComClient, code: int
) -> None:
    wecom.script("appchat/send", errcode(code))
    with pytest.raises(base.RecipientGone):
        client.send_to_chat("chat1", TEXT)
