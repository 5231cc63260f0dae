"""Names of people and companies as they compare: without what tells nobody apart.

Legal forms, regions and the usual words of a trade are stripped, so that 上海腾云科技有限公司 and 腾云 are one company.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CJK = re.compile("[\u3400-\u9fff]")
_PLAIN = re.compile(r"[^\w]+|_")
_BRACKETS = re.compile(r"[(\[][^)\]]*[)\]]")
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\S+")
_LEGAL_ZH = re.compile(
    "(?:股份有限公司|有限责任公司|有限公司|有限合伙|分公司|子公司|总公司|公司|集团|股份|工作室|事务所|合伙企业|商行|经营部|个体工商户|厂)+$"
)
_TRADE_ZH = re.compile(
    "(?:科技|信息|技术|网络|软件|电子|商务|贸易|实业|发展|投资|管理|咨询|服务|文化|传媒|教育|国际|控股|企业|供应链|智能|数据)+$"
)
_REGIONS_ZH = (
    "中国|北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|"
    "内蒙古|广西|西藏|宁夏|新疆|香港|澳门|深圳|广州|杭州|南京|苏州|成都|武汉|西安|长沙|郑州|青岛|大连|宁波|厦门|无锡|佛山|东莞|合肥|济南|福州|昆明|"
    "沈阳|哈尔滨|长春|石家庄|南昌|南宁|贵阳|太原|常州|温州|珠海|惠州|中山|嘉兴|南通|徐州|烟台|泉州|绍兴"
)
_REGION_ZH = re.compile(rf"^(?:(?:{_REGIONS_ZH})(?:省|市|自治区|特别行政区)?|[\u4e00-\u9fff]{{2}}(?:市|县|区))+")
_LEGAL_EN = frozenset(
    _WORD.findall(
        "inc incorporated llc ltd limited co company corp corporation gmbh ag kg sa sas srl spa bv nv plc pte pty"
        " llp lp kk oy ab as group holding holdings the and of"
    )
)
_TRADE_EN = frozenset(
    _WORD.findall("international global technology technologies tech solutions services systems trading")
)
_REGIONS_EN = frozenset(
    _WORD.findall("china shanghai beijing shenzhen guangzhou hangzhou hongkong hk usa us uk emea apac asia")
)
_POLITE_EN = frozenset(_WORD.findall("mr mrs ms miss dr prof"))
_POLITE_ZH = re.compile("(?:先生|女士|小姐|老师|经理|总监|总经理|老板|主任|总|哥|姐|工)$")
# Whoever writes from these may be anybody.
FREE_MAIL = frozenset(
    _WORD.findall(
        "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.jp icloud.com"
        " me.com aol.com proton.me gmx.de gmx.net web.de mail.ru yandex.ru qq.com foxmail.com vip.qq.com 163.com"
        " 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com tom.com 21cn.com 263.net naver.com"
    )
)


def folded(text: str) -> str:
    """One spelling: full-width as usual, lower case, one space between words."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _PLAIN.sub(" ", plain).strip()


def is_chinese(text: str) -> bool:
    return bool(_CJK.search(text))


def person(text: str) -> str:
    """A name as it compares: Chinese without spaces, else its words in order, so that first and last may change."""
    plain = folded(text)
    if is_chinese(plain):
        return plain.replace(" ", "")
    return " ".join(sorted(word for word in plain.split() if word not in _POLITE_EN))


def surname(text: str) -> str:
    """The first character of a Chinese name that is only a surname with a polite word, such as 王总; else nothing."""
    plain = person(text)
    stripped = _POLITE_ZH.sub("", plain)
    return stripped if stripped != plain and len(stripped) == 1 and is_chinese(stripped) else ""


def digits(text: str) -> str:
    """The numbers in a name, which are never a slip of the pen."""
    return " ".join(_DIGITS.findall(folded(text)))


def company(text: str) -> str:
    """What is left of a company's name; all of it where nothing would be."""
    plain = folded(_BRACKETS.sub(" ", unicodedata.normalize("NFKC", text)))
    return _company_zh(plain.replace(" ", "")) if is_chinese(plain) else _company_en(plain)


@lru_cache(maxsize=16_384)
def firm(text: str) -> str:
    """The same of a Chinese company, for its index; nothing for any other, which has words to be found by."""
    return company(text) if is_chinese(text) else ""


def domain(email: str) -> str:
    """The domain of a company's address; nothing for addresses that anybody may have."""
    name = email.rpartition("@")[2].lower()
    return "" if name in FREE_MAIL else name


def _company_zh(plain: str) -> str:
    core = _REGION_ZH.sub("", _LEGAL_ZH.sub("", plain)) or plain
    core = _REGION_ZH.sub("", core) or core
    return _TRADE_ZH.sub("", core) or core


def _company_en(plain: str) -> str:
    words = plain.split()
    for dull in (_LEGAL_EN, _REGIONS_EN, _TRADE_EN):
        words = [word for word in words if word not in dull] or words
    return " ".join(words)
