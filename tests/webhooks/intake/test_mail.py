"""E-mail as a lead: who wrote and what they want, in plain, HTML, Chinese, forwarded and form mail."""

from email.message import EmailMessage

import pytest
from sqlalchemy import text

from tests.webhooks.intake import kit
from webhooks.intake.items import Came, Passed
from webhooks.intake.mail import AUTOMATIC, BOUNCE, BULK, item_of
from webhooks.intake.post import TurnedAway


def message(body="Please call me at 138 0013 8000.", **headers):
    made = EmailMessage()
    given = {"From": "Lu Wei <lu@tea.example>", "Subject": "Price list", "Message-ID": "<1@tea.example>"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    for name, value in given.items():
        made[name] = value
    made.set_content(body)
    return made


def came(raw) -> Came:
    item = item_of(bytes(raw), "CN")
    assert isinstance(item, Came)
    return item


def test_the_sender_the_phone_and_the_words_are_the_lead():
    item = came(message())
    found = item.arrival
    assert (found.name, found.email, found.phone) == ("Lu Wei", "lu@tea.example", "+8613800138000")
    assert found.note == "Price list\nPlease call me at 138 0013 8000."
    assert item.own_id == "<1@tea.example>"


def test_whoever_shall_be_answered_is_the_sender():
    found = came(message(Reply_To="Wu <wu@shop.example>", From="noreply@forms.example")).arrival
    assert (found.name, found.email) == ("Wu", "wu@shop.example")


@pytest.mark.parametrize("charset", ["gb18030", "gb2312", "gbk", "utf-8", "x-unknown", "big5"])
def test_chinese_is_read_in_the_charset_it_comes_in(charset):
    written = "您好，我想了解加盟。电话 13800138000。" if charset != "big5" else "您好，電話 13800138000。"
    named = {"x-unknown": "utf-8", "gb2312": "gb18030"}.get(charset, charset)
    raw = (
        f"From: =?UTF-8?B?6ZmG5Lyf?= <lu@tea.example>\r\nSubject: =?GB18030?B?vNPDy9fJ0a8=?=\r\n"
        f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode() + written.encode(named)
    found = came(raw).arrival
    assert (found.name, found.phone) == ("陆伟", "+8613800138000")
    assert found.note == f"加盟咨询\n{written}"


def test_a_message_in_html_only_is_read_without_its_marks():
    made = message()
    made.clear_content()
    made.set_content(
        "<html><head><style>p{}</style></head><body><p>Hello &amp; good day,</p><script>x()</script>"
        "<table><tr><td>Phone:</td><td>13800138000</td></tr></table></body></html>",
        subtype="html",
    )
    found = came(made).arrival
    assert found.phone == "13800138000"
    assert found.note == "Price list\nHello & good day,\nPhone: 13800138000"


@pytest.mark.parametrize(
    "history",
    [
        "> what we wrote before 13900139000",
        "On Mon, 2 Mar 2026 at 10:00, Ann <ann@acme.example> wrote:\n> call 13900139000",
        "在 2026年3月2日 上午10:00，Ann <ann@acme.example> 写道：\n> 13900139000",
        "-----Original Message-----\nFrom: Ann\n13900139000",
        "------------------ 原始邮件 ------------------\n发件人: Ann\n13900139000",
        "________________________________\nFrom: Ann\n13900139000",
    ],
)
def test_quoted_history_is_cut(history):
    found = came(message(f"Please call me: 13800138000\n\n{history}\n")).arrival
    assert (found.phone, "13900139000" in found.note) == ("+8613800138000", False)


@pytest.mark.parametrize(
    ("mark", "head"),
    [
        ("---------- Forwarded message ---------", "From: Wu Fang <wu@shop.example>\nSubject: Franchise\nTo: x@y.z"),
        ("Begin forwarded message:", "> From: Wu Fang <wu@shop.example>\n> Subject: Franchise\n> To: x@y.z"),
        ("---------- 转发邮件信息 ----------", "发件人：Wu Fang <wu@shop.example>\n主题：Franchise\n收件人：x@y.z"),
    ],
)  # fmt: skip
def test_of_a_forwarded_message_the_first_writer_is_the_lead(mark, head):
    found = came(message(f"see below\n\n{mark}\n{head}\n\nI want to join, 13700137000\n")).arrival
    assert (found.name, found.email, found.phone) == ("Wu Fang", "wu@shop.example", "+8613700137000")
    assert found.note == "Franchise\nI want to join, 13700137000"


def test_a_subject_says_whether_an_original_message_was_passed_on():
    body = "see below\n\n------ 原始邮件 ------\n发件人: Wu Fang <wu@shop.example>\n\n13700137000\n"
    assert came(message(body, Subject="转发：加盟")).arrival.email == "wu@shop.example"
    assert came(message(body, Subject="回复：加盟")).arrival.email == "lu@tea.example"


def test_a_forms_notice_is_read_by_its_labelled_lines():
    body = "姓名：陆伟\n电话：13800138000\n邮箱：lu@tea.example\n公司：幸运茶业\n留言：想了解加盟\n\n来自官网"
    found = came(message(body, From="官网 <no-reply@site.example>", Auto_Submitted="auto-generated")).arrival
    assert (found.name, found.phone, found.email, found.company) == (
        "陆伟", "13800138000", "lu@tea.example", "幸运茶业",
    )  # fmt: skip
    assert found.note == "Price list\n想了解加盟"


def test_files_are_left_out_with_a_word():
    made = message()
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="offer.pdf")
    assert came(made).arrival.note.endswith("(Attachments left out: offer.pdf)")


PASSED = {
    "out of office": (message(Auto_Submitted="auto-replied"), AUTOMATIC),
    "old out of office": (message(Precedence="auto_reply"), AUTOMATIC),
    "an autoresponder": (message(X_Autoreply="yes"), AUTOMATIC),
    "a bounce": (message(From="MAILER-DAEMON@mx.example"), BOUNCE),
    "a bounce by its envelope": (message(Return_Path="<>"), BOUNCE),
    "a newsletter": (message("Buy!", List_Id="<news.example>"), BULK),
    "bulk": (message("Buy!", Precedence="bulk"), BULK),
    "a machine": (message("Your disk is full", Auto_Submitted="auto-generated"), BULK),
}


@pytest.mark.parametrize(("made", "why"), PASSED.values(), ids=PASSED)
def test_mail_of_machines_is_no_lead(made, why):
    assert item_of(bytes(made), "CN") == Passed(why)


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@b.example\n\n" + b"\xff\xfe\x00 13800138000",
        b"From: =?utf-8?b?////?= <a@b.example>\nSubject: =?x?q?=\n\n",
        b'From: "a" <a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n--x--',
        b"From: a@b.example\nContent-Type: multipart/alternative\n\nno boundary",
        b'From: a@b.example\nContent-Type: text/plain; charset="\xff"\n\nhello',
        b"From: a@b.example\nMessage-ID: <[bad\nReply-To: ,,,@@\n\n" + b">" * 5000,
        b"From: a@b.example\nContent-Transfer-Encoding: base64\n\n====",
        b"From: a@b.example\nTo: x\n\n" + b"a:" * 40_000,
        b"From: a@b.example\n\n" + b"\n" * 240_000,
        b"From: a@b.example\nContent-Type: text/html\n\n" + b"<" * 240_000,
    ],
)
def test_broken_messages_are_read_as_far_as_they_go(raw):
    assert came(raw).arrival.email == "a@b.example"


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"hello", b"\x00" * 100])
def test_what_is_no_message_is_refused(raw):
    with pytest.raises(TurnedAway):
        item_of(raw, "CN")


@pytest.fixture
def inbox(database, acme):
    return kit.make(database, acme, "email")


def test_a_posted_message_is_a_lead_once(posting, database, acme, inbox):
    headers = {**kit.bearer(inbox), "Content-Type": "message/rfc822"}
    answers = [posting.post(inbox.path, content=bytes(message()), headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert kit.count(database, acme, "activity where verb = 'touched'") == 0
    answer = posting.post(inbox.path, content=bytes(message(Message_ID="<2@tea.example>")), headers=headers)
    assert answer.json() == {"ref": "L-1001"}
    assert kit.count(database, acme, "activity where verb = 'touched'") == 1


@pytest.mark.parametrize("field", ["email", "body-mime"])
def test_an_inbound_parse_service_posts_it_as_a_field(posting, database, acme, inbox, field):
    answer = posting.post(inbox.path, params={"key": inbox.key}, data={field: message().as_string(), "spam": "0"})
    assert answer.status_code == 201
    answer = posting.post(inbox.path, auth=("mail", inbox.key), files={field: (None, message().as_string())})
    assert answer.json() == {"ref": "L-1001"}


def test_a_posted_message_without_the_key_is_refused(posting, database, acme, inbox):
    headers = {"Content-Type": "message/rfc822"}
    assert posting.post(inbox.path, content=bytes(message()), headers=headers).status_code == 401
    wrong = {**kit.bearer(inbox), **headers}
    assert posting.post(inbox.path, content=bytes(message()), headers=wrong, params={"key": "x"}).status_code == 401
    assert posting.post(inbox.path, json={}, headers=kit.bearer(inbox)).status_code == 400


def test_an_ignored_message_says_why(posting, database, acme, inbox):
    headers = {**kit.bearer(inbox), "Content-Type": "message/rfc822"}
    answer = posting.post(inbox.path, content=bytes(message(Auto_Submitted="auto-replied")), headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"ignored": AUTOMATIC})
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select count(*) from lead")) == 0
