"""Filters in words are read in both languages; what fits none is text to look for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.understanding.filters import LONGEST, read_filters

CASES = [
    ("stage quote, amount over 50k, starred", [("stage", "is", "quote"), ("amount", "gt", 50000), ("starred", "is")]),
    ("阶段 报价，金额5万以上，星标", [("stage", "is", "报价"), ("amount", "gte", 50000), ("starred", "is")]),
    ("阶段报价金额5万以上", [("stage", "is", "报价"), ("amount", "gte", 50000)]),
    ("stage: quote", [("stage", "is", "quote")]),
    ("阶段是有意向或报价", [("stage", "is", "有意向", "报价")]),
    ("stage not quote or new", [("stage", "not", "quote", "new")]),
    ("level A source web", [("level", "is", "A"), ("source", "is", "web")]),
    ("region East/华东; product 2 door fridge", [("region", "is", "East", "华东"), ("product", "is", "2 door fridge")]),
    ("tag vip and starred", [("tags", "is", "vip"), ("starred", "is")]),
    ("标签 老客户、等级 A", [("tags", "is", "老客户"), ("level", "is", "A")]),
    ("over 50,000", [("amount", "gt", 50000)]),
    ("amount at least $1,250.50", [("amount", "gte", Decimal("1250.50"))]),
    ("金额超过五万 3天没跟进", [("amount", "gt", 50000), ("untouched", "gte", 3)]),
    ("budget under 2m", [("amount", "lt", 2000000)]),
    ("金额不超过1.5万", [("amount", "lte", 15000)]),
    ("score over 60", [("score", "gt", 60)]),
    ("评分80以上", [("score", "gte", 80)]),
    ("untouched for 3 days", [("untouched", "gte", 3)]),
    ("idle a week", [("untouched", "gte", 7)]),
    ("未跟进 2周", [("untouched", "gte", 14)]),
    ("一个月没联系", [("untouched", "gte", 30)]),
    ("untouched for 900 months", [("untouched", "gte", 3650)]),
    ("older than 30 days", [("age", "gt", 30)]),
    ("stage new older than 2 weeks", [("stage", "is", "new"), ("age", "gt", 14)]),
    ("more than 2 weeks old", [("age", "gt", 14)]),
    ("created more than a month ago, over 50k", [("age", "gt", 30), ("amount", "gt", 50000)]),
    ("newer than 3 days", [("age", "lt", 3)]),
    ("from the last 2 weeks, starred", [("age", "lt", 14), ("starred", "is")]),
    ("比30天更早", [("age", "gt", 30)]),
    ("30天以前", [("age", "gt", 30)]),
    ("阶段 报价，两周前进来的，5万以上", [("stage", "is", "报价"), ("age", "gt", 14), ("amount", "gte", 50000)]),
    ("早于3个月 30天未跟进", [("age", "gt", 90), ("untouched", "gte", 30)]),
    ("最近7天", [("age", "lt", 7)]),
    ("3天内新建的", [("age", "lt", 3)]),
    ("overdue", [("due", "is", "overdue")]),
    ("逾期", [("due", "is", "overdue")]),
    ("due today", [("due", "is", "today")]),
    ("今天到期", [("due", "is", "today")]),
    ("due this week", [("due", "is", "week")]),
    ("本周到期，来源 官网", [("due", "is", "week"), ("source", "is", "官网")]),
    ("Grace Hall", [("text", "is", "Grace Hall")]),
    ("Overland Ltd", [("text", "is", "Overland Ltd")]),
    ("Starbucks", [("text", "is", "Starbucks")]),
    ("cityline hotels, starred", [("starred", "is"), ("text", "is", "cityline hotels")]),
    ("stage", [("text", "is", "stage")]),
    (" ，, ", []),
]


@pytest.mark.parametrize(("words", "meant"), CASES, ids=[words for words, _ in CASES])
def test_words_are_read_as_filters(words, meant):
    assert [(said.name, said.sign, *said.values) for said in read_filters(words)] == meant


def test_a_text_without_end_is_read_as_far_as_filters_go():
    assert len(read_filters("stage quote, " * 10**5)) <= LONGEST
