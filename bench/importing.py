"""A file of a million rows taken in, against a bare COPY of the same rows, and what that takes of memory.

What is counted goes from the file on disk to leads that can be claimed: encoding found, cells read, phones in E.164,
names cleaned, every row compared with all that is known, four of a hundred being customers who come twice, points
worked out, timeline written, each chunk committed together with the jobs it owes. Dealing and the search for
look-alikes are those jobs and follow later.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import psycopg

from bench.frame import Env, Figure
from crm.db import Database
from ops import logs
from ops.import_file import import_file

ROWS, FEW = 1_000_000, 200_000
HEADER = ["姓名", "手机号", "邮箱", "公司", "城市", "产品", "备注", "金额"]
FAMILY, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀兰霞平"
STARTS = ("130", "131", "132", "133", "135", "136", "137", "138", "139", "150")


def run(env: Env) -> list[Figure]:
    """Two files, the small one first; each into a company of its own, by a process of its own."""
    many, few = max(int(ROWS * env.scale), 10_000), max(int(FEW * env.scale), 5_000)
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.csv", Path(folder) / "large.csv"
        write(small, few)
        write(large, many)
        env.say(f"importing {few:,} rows, then {many:,} …")
        first, second = (_imported(env, path, name) for path, name in ((small, "few"), (large, "many")))
        copied = _copied(env, large)
    rate = second["rows"] / second["seconds"]
    env.say(
        f"peak memory {second['memory']:.0f} MB and {second['reader']:.0f} MB of the process that reads ahead; "
        f"processor {second['processor'] / second['rows'] * 1e6:.0f} µs a row in Python"
    )
    return [
        Figure("import: rows a second, normalised and compared", rate, "rows/s", target=8_000, bound="at_least"),
        Figure("import against COPY of the same file", second["seconds"], "s", copied, second["seconds"] / copied),
        Figure(
            f"import: memory at {many:,} rows against {few:,}", second["memory"], "MB", first["memory"],
            second["memory"] / first["memory"], target=1.25,
        ),
    ]  # fmt: skip


def write(path: Path, rows: int) -> None:
    """A file of leads as companies have them: phones written in four ways, four of a hundred people twice."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        writer.writerows(_rows(random.Random(7), rows))


def _rows(dice: random.Random, rows: int) -> Iterator[list[str]]:
    for row in range(rows):
        who = row if dice.random() > 0.04 else dice.randrange(row + 1)
        name = dice.choice(FAMILY) + dice.choice(GIVEN) + dice.choice(GIVEN)
        company = f"{dice.choice(GIVEN)}{dice.choice(GIVEN)}{who % 50_000}科技有限公司"
        email = f"u{who}@c{who % 20_000}.example" if who % 5 < 2 else ""
        amount = str(dice.randrange(100, 90_000)) if dice.random() < 0.5 else ""
        note = "要报价" if dice.random() < 0.3 else ""
        city, product = dice.choice(("上海", "北京", "深圳")), dice.choice(("A", "B", ""))
        yield [name, _phone(who, dice.random()), email, company, city, product, note, amount]


def _phone(who: int, luck: float) -> str:
    number = f"{STARTS[who % 10]}{who * 9973 % 100_000_000:08d}"
    if luck < 0.05:
        return f"+1 415 {555 + who % 400} {who % 10_000:04d}"
    if luck < 0.15:
        return f"{number[:3]} {number[3:7]} {number[7:]}"
    return f"+86{number}" if luck < 0.25 else number


def _imported(env: Env, path: Path, name: str) -> dict[str, float]:
    database, seeded = env.company(10_000, name=f"import_{name}")
    command = [sys.executable, "-m", "bench.importing", database.url, str(seeded.org_id), str(path)]
    return dict(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))


def _copied(env: Env, path: Path) -> float:
    """Seconds that COPY of the file takes, into a table without an index."""
    with env.sockets.connect("bench_import_many") as owner:
        columns = ", ".join(f"c{number} text" for number in range(len(HEADER)))
        owner.execute(f"create table copied ({columns})")
        start = time.perf_counter()
        _copy(owner, path)
        return time.perf_counter() - start


def _copy(owner: psycopg.Connection[tuple[object, ...]], path: Path) -> None:
    with path.open("rb") as stream, owner.cursor().copy("copy copied from stdin (format csv, header)") as copy:
        while block := stream.read(1 << 20):
            copy.write(block)


def _measured(url: str, org: int, path: Path) -> dict[str, float]:
    """Take a file in and say what it took."""
    logs.configure()
    database = Database(url, statement_timeout_ms=120_000)
    start = time.perf_counter()
    report = import_file(database, path, org=org)
    seconds = time.perf_counter() - start
    database.close()
    own, reader = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    processor = own.ru_utime + own.ru_stime + reader.ru_utime + reader.ru_stime
    return {
        "rows": report.rows, "seconds": seconds, "memory": own.ru_maxrss / 1024, "reader": reader.ru_maxrss / 1024,
        "processor": processor,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
