"""P29: a failure is logged with where it happened, and never with what was being read or written."""

import io
import json
import logging
from contextlib import suppress
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ops import logs
from tests import build

PHONE, NAME, EMAIL = "+8613877771234", "Quilfrax Zyx", "quilfrax@zyxmark.example"


@pytest.fixture
def written():
    """What a process writes, as `configure` sets it up."""
    stream = io.StringIO()
    processors = [logs.with_trace, structlog.processors.JSONRenderer(ensure_ascii=False)]
    log = structlog.wrap_logger(structlog.PrintLogger(stream), processors=processors)
    return log, stream


def test_a_mistake_of_ours_tells_its_kind_and_place(written):
    log, stream = written
    try:
        try:
            int(f"{NAME} {PHONE}")
        except ValueError as exc:
            raise KeyError(EMAIL) from exc
    except KeyError:
        log.exception("interaction.failed")
    told = json.loads(stream.getvalue())["exception"]
    assert ("builtins.ValueError" in told, "builtins.KeyError" in told, "test_logs.py" in told) == (True, True, True)
    assert [mark for mark in (PHONE, NAME, EMAIL) if mark in stream.getvalue().replace("{NAME} {PHONE}", "")] == []


def test_what_the_database_refuses_is_told_by_its_code_and_constraint(database, time, written):
    log, stream = written
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, phone=PHONE, name=NAME)
        twice = text("insert into person_key (org_id, person_id, kind, value) select :o, id, 'phone', :v from person")
        with pytest.raises(IntegrityError) as refused, uow.session.begin_nested():
            uow.session.execute(twice, {"o": acme.org_id, "v": PHONE})
    log.error("deliver.crashed", exc_info=refused.value)
    assert "23505 uq_person_key_org_id_kind" in stream.getvalue()
    assert PHONE not in stream.getvalue()
    assert "[SQL parameters hidden" in str(refused.value)


def test_a_full_disk_under_the_log_keeps_nobody_from_work():
    with Path("/dev/full").open("w", buffering=1) as full:
        stream = logs.Unfailing(full)
        structlog.PrintLogger(stream).info("interaction")
        record = logging.LogRecord("lib", logging.ERROR, "", 0, "cannot connect", (), None)
        logging.StreamHandler(stream).emit(record)
        with pytest.raises(OSError, match="No space left"):
            full.write("a line\n")
        with suppress(OSError):
            full.close()


def test_what_libraries_log_is_masked_too():
    record = logging.LogRecord("lib", logging.ERROR, "", 0, "cannot send to %s or %s: job 4711", (PHONE, EMAIL), None)
    assert logs.Lines("%(message)s").format(record) == "cannot send to *** or ***: job 4711"
