"""Is this somebody we know? The check of one arrival among a million people, Chinese and English, half of them met.

Names and companies are as common as they are: twenty thousand companies, some names a thousand times. Each has a lead:
of a rep's, a thousand are open; nearly half of all lie in the pool. Who searches is a rep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import create_engine, text

from bench.frame import Env, Figure, percentile, timed
from bench.seed import Seeded
from crm.db import Database
from crm.rules import sound
from crm.rules.dedupe import Facts
from crm.rules.dedupe_words import firm
from crm.services import duplicates, leads, members
from ops.runtime import settle

PEOPLE, WARM_UP, TIMES = 1_000_000, 40, 300
_PEOPLE = (
    """
    with called as materialized (
        select n,
          case when n % 2 = 0
            then substr(:family, 1 + (n / 2 * 7919 % 400 / 4)::int, 1)
                 || substr(:given, 1 + (n * 31 % 997 % :characters)::int, 1)
                 || case when n % 5 > 0 then substr(:given, 1 + (n * 17 % 991 % :characters)::int, 1) else '' end
            else initcap(substr(:begin, 1 + 3 * (n * 13 % 40)::int, 3) || substr(:end, 1 + 3 * (n * 29 % 37)::int, 3))
                 || ' ' || initcap(substr(:begin, 1 + 3 * (n * 7 % 39)::int, 3)
                 || substr(:end, 1 + 3 * (n % 40)::int, 3) || substr(:end, 1 + 3 * (n * 11 % 31)::int, 3)) end as name,
          case when n % 7 = 0 then '' when n % 2 = 0
            then '上海' || substr(:given, 1 + (n * 3 % :characters)::int, 1) || substr(:given, 1 + (n * 5 % 97)::int, 1)
                 || '科技有限公司'
            else initcap(substr(:end, 1 + 3 * (n * 3 % 40)::int, 3) || substr(:begin, 1 + 3 * (n * 19 % 40)::int, 3)
                 || substr(:begin, 1 + 3 * (n * 23 % 31)::int, 3)) || ' Trading Co., Ltd.' end as company
        from generate_series(cast(1 as bigint), cast(:many as bigint)) n
    ), heard as (
        select * from unnest(cast(:chars as text[]), cast(:sounds as text[])) as h(char, sound)
    )
    insert into person (org_id, name, company, title, note, created_at, sound, firm)
    select :org, c.name, c.company, '', '', :now,
           coalesce(left(f.sound, 1) || left(g.sound, 1) || coalesce(left(h.sound, 1), '') || ' '
                    || f.sound || g.sound || coalesce(h.sound, ''), ''), coalesce(firms.firm, '')
    from called c
    left join heard f on f.char = substr(c.name, 1, 1)
    left join heard g on g.char = substr(c.name, 2, 1)
    left join heard h on h.char = substr(c.name, 3, 1)
    left join unnest(cast(:companies as text[]), cast(:firms as text[])) as firms(company, firm)
      on firms.company = c.company
    order by c.n
    """,
    """
    insert into person_key (org_id, person_id, kind, value)
    select :org, id, 'phone', '+861' || 30000000000 - id * 9973 % 9999999967 from person where org_id = :org
    on conflict do nothing
    """,
    """
    insert into person_key (org_id, person_id, kind, value)
    select :org, id, 'email', 'box' || id || '@c' || id % 20000 || '.example' from person
    where org_id = :org and id % 2 = 0
    """,
    """
    insert into lead (org_id, number, person_id, line_id, status, stage, owner_id, pool_id, source_id, origin, score,
        tags, custom, version, created_at, pool_entered_at, assigned_at, stage_entered_at, closed_at, warn_step,
        extensions, touches)
    select :org, 10000000 + p.id, p.id, x.line_id, p.status, case p.status when 'open' then 'new' else p.status end,
           case when p.owned then (:reps::bigint[])[1 + p.id / 100 % cardinality(:reps::bigint[])] end, x.pool_id,
           x.source_id, 'company', 0, '{}', '{}', 1, :now, :now, case when p.owned then :now end, :now,
           case when p.status <> 'open' then :now end, 0, 0, 1
    from (select id, id * 7919 % 100 not between 4 and 47 as owned,
                 case when id * 7919 % 100 < 48 then 'open' when id * 7919 % 100 < 60 then 'won' else 'lost' end
                   as status
          from person where org_id = :org and sound is not null) p
    cross join (select line_id, pool_id, source_id from lead where org_id = :org limit 1) x
    """,
    "update person set sound = '', firm = '' where org_id = :org and sound is null",
)
_WORDS = {
    "family": (
        "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾"
        "丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤"
        "尹黎易常武乔贺赖龚文"
    ),
    "given": (
        "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀兰霞平刚桂英华玉梅鹏辉建国志文博雅晨曦宇轩欣怡子涵思琪佳"
        "慧雪婷俊浩然天翔立新海波春燕红云峰林森泉源宏达荣昌盛德仁义礼智信安康福寿喜乐吉祥如意美好阳"
        "光明月星辰山川河流江湖东西南北中正大光元亨利贞乾坤日月金木水火土风雷电雨露霜冰松竹兰菊荷莲"
        "桃李杏梨枫柏桐槐柳杨梧桂樱花草叶根苗青蓝紫绿白黑黄赤橙彩虹霓"
    ),
    "begin": (
        "berdancarfelgorhanjonkarlinmarnorparrossamtomvanwilyorzenaldbrachrdeeevafragleholirijamken"
        "lormilneloscpetqui"
    ),
    "end": (
        "tonmanleyserkinsondenvillettaronmonasknerteldalgenwickorvinlagstembarforridsetnaruckholtan"
        "derlowermisenrythby"
    ),
}  # fmt: skip
_SOME = text(
    "select id from person where org_id = :org and id % 2 = :half and name not like 'Person %'"
    " order by id * 7919 % 1000003 limit :many"
)


def run(env: Env) -> list[Figure]:
    """Ask about people who are known, written a little differently."""
    database, seeded = env.company(10_000, name="alike")
    many = max(int(PEOPLE * env.scale), 10_000)
    env.say(f"{many:,} people …")
    _populate(database, seeded, many)
    settle()
    zh, en = (_checks(database, seeded, half) for half in (0, 1))
    found = _searches(database, seeded, [f"{n * 7919 % 10000:04d}" for n in range(WARM_UP + TIMES)])
    with database.begin(seeded.org_id) as uow:
        known = [
            duplicates.facts(uow, uow.session.scalars(_SOME, _args(seeded, half)).all()) for half in (0, 1)
        ]  # fmt: skip
    typed = {
        "a Chinese name": [one.name for one in known[0]], "an English name": [one.name for one in known[1]],
        "a Chinese given name": [one.name[1:] for one in known[0]],
        "a Chinese surname": [one.name[0] for one in known[0]],
        "a Chinese company": [one.core or one.name for one in known[0]],
        "an English company": [one.company.split()[0] if one.company else one.name for one in known[1]],
        "pinyin": [sound.of_name(one.name).split()[1] for one in known[0]],
        "initials": [sound.of_name(one.name).split()[0] for one in known[0]],
    }  # fmt: skip
    return [
        Figure("duplicate check among a million people (p50)", percentile(zh + en, 50), "ms"),
        Figure("duplicate check, Chinese (p95)", percentile(zh, 95), "ms", target=20),
        Figure("duplicate check, English (p95)", percentile(en, 95), "ms", target=20),
        Figure("search by the end of a phone among them (p95)", percentile(found, 95), "ms", target=20),
        *(
            Figure(f"search by {what} (p95)", percentile(_searches(database, seeded, words), 95), "ms", target=20)
            for what, words in typed.items()
        ),
    ]


def _populate(database: Database, seeded: Seeded, many: int) -> None:
    owner = create_engine(database.url)
    args: dict[str, Any] = {"org": seeded.org_id, "now": database.time(), "many": many, "reps": list(seeded.reps)}
    args |= {"characters": len(_WORDS["given"])} | _WORDS | _sounds() | _firms()
    with owner.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # foreign keys hold by construction
        for statement in _PEOPLE:
            connection.execute(text(statement.replace("::", "\\:\\:")), args)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze person, person_key, lead"))
    owner.dispose()


def _sounds() -> dict[str, list[str]]:
    """How the characters of the names are read."""
    chars = sorted({*_WORDS["family"], *_WORDS["given"]})
    return {"chars": chars, "sounds": [sound.of_name(char).split()[1] for char in chars]}


def _firms() -> dict[str, list[str]]:
    """What tells the Chinese companies apart."""
    chars = sorted(set(_WORDS["given"]))
    companies = [f"上海{one}{two}科技有限公司" for one in chars for two in chars]
    return {"companies": companies, "firms": [firm(company) for company in companies]}


def _checks(database: Database, seeded: Seeded, half: int) -> list[float]:
    with database.begin(seeded.org_id) as uow:
        people = duplicates.facts(uow, uow.session.scalars(_SOME, _args(seeded, half)).all())
    return [_timed(database, seeded, _again(one)) for one in people][WARM_UP:]


def _args(seeded: Seeded, half: int) -> dict[str, int]:
    return {"org": seeded.org_id, "many": WARM_UP + TIMES, "half": half}


def _again(one: Facts) -> Callable[..., object]:
    """The same person with one digit of the phone wrong and the company as people say it."""
    keys = tuple((kind, value[:-1] + str((int(value[-1]) + 1) % 10) if kind == "phone" else f"new-{value}")
                 for kind, value in one.keys)  # fmt: skip
    who = Facts(one.name, one.company.removesuffix("有限公司").removesuffix(" Co., Ltd."), keys)
    return lambda uow: duplicates.near(uow, who, least=75)


def _searches(database: Database, seeded: Seeded, typed: Sequence[str]) -> list[float]:
    with database.begin(seeded.org_id) as uow:
        rep = members.get(uow, seeded.reps[0])
    return [_timed(database, seeded, lambda uow, one=one: leads.find(uow, actor=rep, words=one)) for one in typed][
        WARM_UP:
    ]


def _timed(database: Database, seeded: Seeded, work: Callable[..., object]) -> float:
    def transaction() -> None:
        with database.begin(seeded.org_id) as uow:
            work(uow)

    return timed(transaction)
