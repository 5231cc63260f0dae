"""What the fields of a lead are called by forms, files and senders, in English and Chinese.

One table for every door: `field_of("手机号")` is "phone" in a posted form and in a spreadsheet's header.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# The first name of each row is ours and what an error names.
NAMES: dict[str, str] = {
    "name": "full name|contact|contact name|customer|customer name|lead name|person|your name|姓名|名字|客户|客户姓名|"
    "客户名|客户名称|联系人|联系人姓名|称呼|您的姓名",
    "first_name": "given name|fname|名",
    "last_name": "surname|family name|lname|姓|姓氏",
    "company": "company name|organization|organisation|account|account name|firm|business|公司|公司名称|企业|企业名称|"
    "单位|单位名称|所在公司",
    "title": "job title|position|role|职位|职务|岗位",
    "phone": "phone number|telephone|tel|mobile|mobile phone|mobile number|cell|cellphone|telphone|手机|手机号|"
    "手机号码|电话|电话号码|联系电话|联系方式|固话|座机",
    "email": "e-mail|email address|mail|e-mail address|邮箱|电子邮箱|电子邮件|邮件",
    "wechat": "wechat id|weixin|wx|wechatid|微信|微信号|微信id",
    "external_id": "externalid|customer id|user id|客户编号|用户id|外部编号",
    "id": "lead id|submission id|event id|clue id|opportunity id|record id|线索编号",
    "note": "notes|memo|comment|comments|message|remark|remarks|description|inquiry|备注|留言|说明|需求|咨询内容|描述",
    "product": "products|product interest|interest|产品|意向产品|商品|课程",
    "region": "city|province|state|area|location|office location|地区|城市|省份|区域|所在地|所在城市",
    "level": "grade|rating|priority|等级|级别|客户等级|线索等级",
    "amount": "budget|value|deal value|expected amount|close value|金额|预算|预计金额|意向金额",
    "currency": "币种|货币",
    "channel": "utm source|medium|lead source|渠道|来源渠道|来源",
    "campaign": "utm campaign|campaign name|活动|推广活动|广告计划|计划名称",
    "referrer": "referred by|referral|推荐人|介绍人|转介绍人",
    "tags": "tag|label|labels|标签",
    "owner": "owner email|assigned to|sales rep|sales agent|rep|负责人|归属人|跟进人|销售|所属销售|业务员",
}


def folded(header: str) -> str:
    """A name as it is compared: without case, blanks, `_`, `-` and camelCase."""
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", header).strip().strip("*: "))
    return re.sub(r"[\s_\-]+", " ", spelled).lower().strip()


_BY_ALIAS = {
    folded(alias): field
    for field, aliases in NAMES.items()
    for alias in (field, field.replace("_", " "), *aliases.split("|"))
}


def field_of(header: str) -> str | None:
    """Our name of a field as others write it: case, blanks, `_`, `-`, camelCase and a marking `*` do not matter."""
    return _found(header[:80])


@lru_cache(maxsize=1024)
def _found(header: str) -> str | None:
    """Senders call a field the same in every post."""
    return _BY_ALIAS.get(folded(header))


def mapping_of(headers: Iterable[str]) -> dict[int, str]:
    """Which column holds which field; columns without a known name are left out."""
    found = ((number, field_of(header)) for number, header in enumerate(headers))
    return {number: field for number, field in found if field}
