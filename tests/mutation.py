"""P33: the tests can fail. Breaks the code in one place at a time and asks the tests: `python -m tests.mutation`.

Each mutant is a process of its own, forked when the tests have been collected; all share one PostgreSQL and Valkey.
A mutant is killed when a test fails or never ends. SQL is mutated like Python: most of the conditions stand there.
"""

from __future__ import annotations

import argparse
import ast
import copy
import inspect
import os
import random
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
import redis

POOL = (
    "tests/crm/test_quota.py", "tests/crm/test_assignments.py", "tests/crm/test_pools_work.py",
    "tests/crm/test_pools_rules.py", "tests/crm/test_own_order.py", "tests/crm/test_lines.py",
    "tests/crm/test_people.py", "tests/crm/test_undo.py", "tests/crm/test_pool_races.py",
)  # fmt: skip
OUTBOX = (
    "tests/bot/test_deliver.py", "tests/bot/test_posted.py", "tests/bot/test_pushes.py",
    "tests/crm/test_dead_letters.py", "tests/promises/test_platform_trouble.py",
)  # fmt: skip
SIGHT = ("tests/crm/test_access_rules.py", "tests/crm/test_leads_access.py", "tests/docs/test_access.py")
# Which tests are asked about which file, the quick and fitting ones first.
TARGETS = {
    "crm/rules/quota.py": POOL, "crm/services/claim_checks.py": POOL,
    "crm/services/assignments.py": (*POOL, "tests/crm/test_set_aside.py"),
    "crm/services/ownership.py": (*POOL, "tests/crm/test_offers.py", "tests/crm/test_first_response.py"),
    "crm/services/pools.py": ("tests/crm/test_pools_work.py", *POOL),
    "bot/deliver.py": OUTBOX, "bot/posted.py": OUTBOX, "crm/services/dead_letters.py": OUTBOX[3:] + OUTBOX[:3],
    "crm/rules/access.py": SIGHT, "crm/rules/matrix.py": SIGHT,
    "crm/services/leads.py": (*SIGHT, "tests/crm/test_merging.py", "tests/crm/test_lists.py"),
    "crm/services/api_tokens.py": ("tests/webhooks/api/test_reading.py", "tests/crm/test_tokens_and_forms_at_once.py"),
    "bot/identity.py": ("tests/bot/test_identity.py", "tests/bot/test_workspaces.py"),
    "webhooks/slack_guard.py": ("tests/webhooks/test_slack_hostile.py", "tests/webhooks/test_slack.py"),
    "webhooks/wecom_envelope.py": ("tests/webhooks/test_wecom_hostile.py", "tests/webhooks/test_wecom.py"),
}  # fmt: skip
WORKER, PATIENCE = "gw9", 600
SQL = re.compile(r"\b(select|insert into|update|delete from|where|exists|and|or|is null|returning)\b")
WORDS = (
    (" and ", " or "), (" or ", " and "), (" = ", " <> "), (" <> ", " = "), (" < ", " <= "), (" <= ", " < "),
    (" > ", " >= "), (" >= ", " > "), (" is null", " is not null"), (" is not null", " is null"),
    ("not exists", "exists"), (" + 1", " + 2"), (" - 1", " + 1"), ("for update", ""),
)  # fmt: skip
SWAPPED = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv,
}  # fmt: skip


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Each way in which this node alone may be wrong."""
    match node:
        case ast.Constant():
            yield from _other_values(node.value)
        case ast.If(test=test) | ast.IfExp(test=test):
            yield "condition", _with(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield "left out", ast.Pass()
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield "nothing returned", ast.Return(ast.Constant(None))
        case _:
            yield from _other_signs(node)


def _other_signs(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare(ops=[sign]) if type(sign) in SWAPPED:
            yield "comparison", _with(node, ops=[SWAPPED[type(sign)]()])
        case ast.BoolOp(op=sign) | ast.BinOp(op=sign) if type(sign) in SWAPPED:
            yield "operator", _with(node, op=SWAPPED[type(sign)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not", operand


def _other_values(value: object) -> Iterator[tuple[str, ast.AST]]:
    match value:
        case bool():
            yield "opposite", ast.Constant(not value)
        case int():
            yield "one more", ast.Constant(value + 1)
        case str() if SQL.search(value):
            found = ((old, new, each.start()) for old, new in WORDS for each in re.finditer(re.escape(old), value))
            for old, new, at in found:
                changed = value[:at] + new + value[at + len(old) :]
                yield f"SQL {old.strip()} in {value[max(at - 20, 0) : at + 20]!r}", ast.Constant(changed)


def mutants(source: str) -> list[tuple[int, str, str]]:
    """Line, what was changed, and the whole changed source."""
    tree = ast.parse(source)
    harmless = {id(part) for node in ast.walk(tree) for each in _harmless(node) for part in ast.walk(each)}
    return [
        (getattr(node, "lineno", 0), what, _mutated(source, place, way))
        for place, node in enumerate(ast.walk(tree))
        for way, (what, _) in enumerate(changes(node))
        if id(node) not in harmless
    ]


def _harmless(node: ast.AST) -> list[ast.expr]:
    """What nobody would notice: docstrings, and how the classes of facts are made."""
    match node:
        case ast.ClassDef(decorator_list=decorators):
            return decorators + _docstring(node)
        case ast.Module() | ast.FunctionDef():
            return _docstring(node)
    return []


def _docstring(node: Any) -> list[ast.expr]:
    return [node.body[0].value] if ast.get_docstring(node) is not None else []


def _mutated(source: str, place: int, way: int) -> str:
    tree = ast.parse(source)
    wrong = next(node for at, node in enumerate(ast.walk(tree)) if at == place)
    changed = [new for _, new in changes(wrong)][way]

    class Change(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return changed if node is wrong else super().visit(node)

    return ast.unparse(ast.fix_missing_locations(Change().visit(tree)))


def _with(node: Any, **fields: Any) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def taken_over(module: ModuleType, words: str) -> None:
    """Let the functions of a module that others have imported do what a changed source says."""
    fresh = ModuleType(module.__name__)
    fresh.__dict__.update({name: module.__dict__[name] for name in ("__file__", "__package__", "__name__")})
    exec(compile(words, str(module.__file__), "exec", dont_inherit=True), fresh.__dict__)
    for name, value in vars(fresh).items():
        _take(module, name, value)


def _take(owner: Any, name: str, value: Any) -> None:
    """Put one changed thing into the place of the old one: code into the old function, which others may hold."""
    was = vars(owner).get(name)
    new, old = (getattr(each, "fget", None) or inspect.unwrap(getattr(each, "__func__", each)) for each in (value, was))
    if isinstance(new, FunctionType) and isinstance(old, FunctionType):
        old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
        for mine, theirs in zip(old.__closure__ or (), new.__closure__ or (), strict=True):
            if not isinstance(mine.cell_contents, type):
                mine.cell_contents = theirs.cell_contents
    elif isinstance(value, type) and isinstance(was, type) and value is not was:
        for part, inner in vars(value).items():
            _take(was, part, inner)
    elif (
        value is not was
        and not isinstance(value, ModuleType)
        and not (name.startswith("__") or inspect.isdatadescriptor(value))
    ):
        setattr(owner, name, value)


class Mutating:
    """Runs the tests that pytest has collected once for each mutant, each time in a child with engines of the run."""

    def __init__(self, path: str, most: int) -> None:
        self._path, self._most = path, most
        self._module = path.removesuffix(".py").replace("/", ".")

    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> str | None:
        """A worker of its own, whose databases can be told from those that stay."""
        if fixturedef.argname != "worker_id":
            return None
        fixturedef.cached_result = (WORKER, fixturedef.cache_key(request), None)
        return WORKER

    def pytest_runtestloop(self, session: Any) -> bool:
        (ours,) = [each for each in session.config.pluginmanager.get_plugins() if hasattr(each, "_sockets")]
        sockets = ours._sockets(session.config)
        found = mutants(Path(self._path).read_text(encoding="utf-8"))
        chosen = sorted(random.Random(self._path).sample(found, min(self._most, len(found))))
        if by := _killer(session, sockets, lambda: None):
            sys.exit(f"{self._path}: {by} fails without any change")
        killed = 0
        for line, what, words in chosen:
            by = _killer(session, sockets, lambda words=words: taken_over(sys.modules[self._module], words))
            killed += bool(by)
            print(f"{self._path}:{line}: {what}: {f'killed by {by}' if by else 'LIVES'}", flush=True)
        if by := _killer(session, sockets, lambda: None):
            sys.exit(f"{self._path}: {by} has begun to fail without any change")
        print(f"{self._path}: {killed} of {len(chosen)} killed, of {len(found)} that there are", flush=True)
        return True


def _killer(session: Any, sockets: Any, change: Callable[[], None]) -> str:
    """The test that fails in a child after the change, or what else ends it; empty where nothing does."""
    with sockets.connect() as connection:
        for (name,) in connection.execute("select datname from pg_database where datname like %s", [f"%\\_{WORKER}"]):
            sockets.drop_database(str(name))
    with redis.from_url(sockets.redis_url) as cache:
        cache.flushall()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = b"an exception"
        try:
            said = _run(session, change).encode()
        finally:
            os.write(writer, said or b"-")
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        ready, _, _ = select.select([answer], [], [], PATIENCE)
        said = answer.read().decode() if ready else "never ending"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return said.removeprefix("-") if said else "a crash"


def _run(session: Any, change: Callable[[], None]) -> str:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    change()
    for item, following in pairwise([*session.items, None]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return str(item.name)
    return ""


def main() -> None:
    """Print a line for each mutant and one for each file, which has a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", default=list(TARGETS))
    parser.add_argument("--most", type=int, default=10_000, help="so many of each file, drawn alike each time")
    options = parser.parse_args()
    if len(options.paths) == 1:
        (path,) = options.paths
        tests = dict.fromkeys(TARGETS[path])
        sys.exit(pytest.main(["-qqs", "-n0", "-pno:cacheprovider", *tests], [Mutating(path, options.most)]))
    for path in options.paths:
        subprocess.run([sys.executable, "-m", "tests.mutation", path, f"--most={options.most}"], check=False)


if __name__ == "__main__":
    main()
