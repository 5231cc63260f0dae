"""People made by a seed, each perhaps several times as different hands wrote them, so that the truth is known.

Beside them stand those who must not be taken for one: colleagues, namesakes, and companies called much alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from crm.rules import sound
from crm.rules.dedupe import Facts

_words = str.split
_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀兰霞平刚桂英华玉梅鹏辉建国志文博雅晨曦宇轩欣怡子涵"
# Other characters that are read the same.
_HEARD = dict(
    zip(
        "张陈李杨周徐何伟芳娜敏丽强磊军洋勇艳杰涛明超秀兰霞平刚英华玉梅鹏辉建国志文博雅晨曦宇轩欣怡子涵",
        "章晨黎阳邹许贺维方那闽莉墙蕾君阳永燕洁韬铭抄绣岚侠萍钢瑛骅钰玫朋晖健帼智雯伯哑辰希雨宣鑫宜紫晗",
        strict=True,
    )
)
_FIRST = _words(
    "Anna Ben Clara David Emma Felix Grace Henry Iris Jack Karen Leo Maria Noah Olivia Peter Rosa Simon Tina"
)
_LAST = _words(
    "Miller Novak Okafor Petersen Quinn Rossi Schmidt Tanaka Ueda Vogel Weber Young Zhang Brandt Costa Dupont"
)
_MARKS = _words("腾云 恒通 智远 博雅 天成 华信 瑞丰 盛达 金石 海纳 蓝图 星辰 鼎新 万和 同创 飞跃 明德 卓越 东方 长青")
_BRANDS = _words(
    "Acme Borealis Cobalt Dynamo Evergreen Falcon Granite Harbor Indigo Juniper Keystone Lumen Meridian Nimbus"
)
_REGIONS, _TRADES = ("上海", "北京市", "深圳市", "杭州", "广东省"), ("科技", "信息技术", "贸易", "文化传媒", "实业")


@dataclass(frozen=True)
class Written:
    """One record, and whose it is."""

    truth: int
    facts: Facts


class People:
    """A population; the same for the same seed."""

    def __init__(self, seed: int, many: int) -> None:
        self.random, self.written, self._serial = Random(seed), [], 0
        for truth in range(many):
            chinese = truth % 2 == 0
            person = self._chinese() if chinese else self._english()
            self._write(truth, person)
            for _ in range(self.random.choice((0, 1, 1, 2))):
                self._write(truth, self._again(person, chinese))
        self._colleagues(many)

    def _write(self, truth: int, facts: Facts) -> None:
        self.written.append(Written(truth, facts))

    def _chinese(self) -> Facts:
        pick = self.random.choice
        name = pick(_FAMILY) + "".join(self.random.sample(_GIVEN, pick((1, 2, 2, 2))))
        mark = pick(_MARKS) + pick(_GIVEN)
        phone = self._phone()
        return Facts(
            name,
            f"{pick(_REGIONS)}{mark}{pick(_TRADES)}有限公司",
            (phone, ("email", self._mail(f"m{hash_of(mark)}.cn"))),
        )

    def _english(self) -> Facts:
        pick = self.random.choice
        brand = f"{pick(_BRANDS)} {pick(_LAST)}"
        mail = self._mail(f"{brand.lower().replace(' ', '')}.com")
        return Facts(
            f"{pick(_FIRST)} {pick(_LAST)}",
            f"{brand} {pick(('Ltd', 'Inc.', 'GmbH', 'Trading Co., Ltd.'))}",
            (self._phone(), ("email", mail)),
        )

    def _phone(self) -> tuple[str, str]:
        return "phone", f"+861{self.random.choice('3578')}{self.random.randrange(10**9):09d}"

    def _mail(self, domain: str) -> str:
        self._serial += 1
        return f"box{self._serial}@{domain}"

    def _again(self, one: Facts, chinese: bool) -> Facts:
        """The same person as another hand writes it: other keys, and perhaps a slip."""
        ways = (self._same_place, self._slip_of_phone, self._slip_of_name, self._by_mail, self._as_heard)
        return self.random.choice(ways)(one, chinese)

    def _same_place(self, one: Facts, chinese: bool) -> Facts:
        return Facts(one.name, self._shorter(one.company, chinese), (self._phone(),))

    def _slip_of_phone(self, one: Facts, _chinese: bool) -> Facts:
        phone = one.values("phone")[0]
        return Facts(one.name, "", (("phone", self._slipped(phone)),))

    def _slip_of_name(self, one: Facts, chinese: bool) -> Facts:
        name = one.name
        if chinese and len(name) == 3:
            name = name[:2] + self.random.choice(_GIVEN)
        elif not chinese:
            at = self.random.randrange(1, len(name) - 1)
            name = name[:at] + name[at + 1 :]
        return Facts(name, self._shorter(one.company, chinese), (self._phone(),))

    def _as_heard(self, one: Facts, chinese: bool) -> Facts:
        """As somebody writes it down who only heard it: another character, or Latin letters; the company, or a phone
        with its beginning wrong."""
        if not chinese:
            return self._slip_of_name(one, chinese)
        phone = one.values("phone")[0]
        wrong = f"{phone[:4]}{self.random.randrange(100):02d}{phone[6:]}"
        name = self.random.choice((self._homophone(one.name), self._homophone(one.name), sound.spelled(one.name)[0]))
        if name.isascii():
            return Facts(name.title(), "", (("phone", self._slipped(phone)),))
        place = (self._shorter(one.company, chinese), (self._phone(),))
        slipped = ("", (("phone", self._slipped(phone)),))
        return Facts(name, *self.random.choice((place, slipped, (place[0], (("phone", wrong),)))))

    def _slipped(self, phone: str) -> str:
        at = self.random.randrange(5, len(phone) - 1)
        return phone[:at] + str((int(phone[at]) + 1) % 10) + phone[at + 1 :]

    def _homophone(self, name: str) -> str:
        """The same name with another character of the same sound where there is one here."""
        ways = [(at, other) for at, char in enumerate(name) for other in _HEARD.get(char, "")]
        if not ways:
            return name
        at, other = self.random.choice(ways)
        return name[:at] + other + name[at + 1 :]

    def _by_mail(self, one: Facts, _chinese: bool) -> Facts:
        return Facts(one.name, "", (("email", self._mail(one.values("email")[0].partition("@")[2])),))

    def _shorter(self, company: str, chinese: bool) -> str:
        if not chinese:
            return " ".join(company.split()[:2]) + self.random.choice(("", " (China)", " LLC"))
        plain = company.removesuffix("有限公司")
        for region in _REGIONS:
            plain = plain.removeprefix(region)
        return plain + self.random.choice(("", "股份有限公司", "有限责任公司"))

    def _colleagues(self, truth: int) -> None:
        """Others at the same companies, and elsewhere those whose names are the same or sound so."""
        for number, one in enumerate(list(self.written)[::3]):
            made = self._chinese() if number % 2 == 0 else self._english()
            domain = next(iter(one.facts.values("email")), "@else.example").partition("@")[2]
            self._write(
                truth + 3 * number, Facts(made.name, one.facts.company, (self._phone(), ("email", self._mail(domain))))
            )
            self._write(truth + 3 * number + 1, Facts(one.facts.name, made.company, made.keys))
            elsewhere = self._chinese()
            self._write(truth + 3 * number + 2, replace(elsewhere, name=self._homophone(one.facts.name)))


def hash_of(word: str) -> int:
    """A short number for a word, the same in every process."""
    return sum(ord(each) * 31**at for at, each in enumerate(word)) % 100_000
