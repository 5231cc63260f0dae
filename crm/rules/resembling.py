"""Ways in which a name may have been meant that nobody has exactly so: as it sounds, or with a letter wrong. Pure."""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from crm.rules import sound

ENOUGH = 72  # of 100: a letter or two wrong or swapped
SAME_SOUND = 95
_LETTERS = re.compile(r"[a-z]{4,12}")
_CJK = re.compile("[\u3400-\u9fff]")
# How the surnames of nearly everybody sound; whoever types a given name alone leaves one of them out.
_SURNAMES = """
    ai an bai bao bi bian bu cai cao cen chai chang che chen cheng chi chu cui dai deng ding dong dou du duan fan fang
    fei feng fu gan gao ge geng gong gu guan guo han hao he hong hou hu hua huang huo ji jia jian jiang jiao jin jing
    ju kang ke kong kuang lai lan lang lei li lian liang liao lin ling liu long lou lu luo lv ma mao mei meng mi miao
    min mo mu ni nie niu ou pan pang pei peng piao ping pu qi qian qiao qin qiu qu ran rao ren rong ruan sha shan shang
    shao she shen sheng shi shu si song su sui sun tan tang tao tian tong tu wan wang wei wen weng wu xi xia xian xiang
    xiao xie xin xing xiong xu xuan xue yan yang yao ye yi yin ying you yu yuan yue yun zeng zha zhai zhan zhang zhao
    zheng zhong zhou zhu zhuang zhuo zou zu zuo
"""


def swapped(words: str) -> list[str]:
    """A word with two neighbouring letters in the other order, for each two; none for what is no single word."""
    plain = words.strip().lower()
    if not _LETTERS.fullmatch(plain):
        return []
    ways = (plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :] for at in range(len(plain) - 1))
    return list(dict.fromkeys(way for way in ways if way != plain))


def sounds(words: str) -> list[str]:
    """The sounds of Chinese names that may be meant, whole, as `rules.sound` has them; also of a given name alone."""
    heard = _heard(words)
    given = [one for one in heard if 2 <= len(one.partition(" ")[0]) <= 2]
    with_surname = [f"{surname[0]}{one[:2]} {surname}{one[3:]}" for one in given for surname in _SURNAMES.split()]
    return list(dict.fromkeys([*heard, *with_surname]))


def likeness(words: str, *called: str) -> float:
    """How much what somebody is called resembles the words, of 100: `called` are names in Latin or Chinese."""
    plain, wanted = words.strip().lower(), set(sounds(words))
    return max((_like(plain, wanted, name) for name in called if name), default=0.0)


def _like(plain: str, wanted: set[str], name: str) -> float:
    spelled = float(fuzz.WRatio(plain, name.lower()))
    return max(spelled, SAME_SOUND) if sound.of_name(name) in wanted else spelled


def _heard(words: str) -> list[str]:
    if _CJK.search(words):
        return [found] if (found := sound.of_name(words)) else []
    ways = [words, *swapped(words)]
    return [one for way in ways for one in sound.typed(way) if not one.endswith(" ")]
