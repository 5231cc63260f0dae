"""`sluice doctor`: the likely mistakes of a set-up, each with its cure."""

from __future__ import annotations

from collections.abc import Iterator

from redis import Redis, RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.workspaces import Workspaces
from crm.db import APP_ROLE, Database
from crm.settings import Settings, SettingsError, misspelt
from ops import doctor_chats as chats
from ops import doctor_machine as machine
from ops import key_rotation, migrate
from ops.cli_frame import address, beside, found_vault, vault
from ops.finding import Finding
from ops.release import NAME, release, signature

FIGURES = {"app": APP_ROLE, "oldest": 300}  # seconds that a job may wait
Rule = tuple[str, str, str]


# Each: what holds, the SQL that says so, and what to do when it does not.
RULES: tuple[Rule, ...] = (
    (
        "PostgreSQL is 17 or newer",
        "select current_setting('server_version_num')::int >= 170000",
        "upgrade the server; Sluice is tested on 17 and 18.",
    ),
    (
        "Chinese can be searched",
        "select cardinality(show_trgm('公司')) > 0",
        "create the database with a UTF-8 libc locale (initdb --locale-provider=libc --locale=C.UTF-8).",
    ),
    (
        "The application runs as a role without rights of its own",
        ("select current_user = :app and not rolsuper and not rolbypassrls from pg_roles where rolname = current_user"),
        "run sluice migrate as the owner; it makes the role.",
    ),
    (
        "Tenants are walled off by row security",
        (
            "select bool_and(relrowsecurity and relforcerowsecurity) from pg_class"
            " where relname in ('lead', 'person', 'activity')"
        ),
        "run sluice migrate; a table was changed by hand.",
    ),
    (
        "A worker is alive",
        "select exists (select 1 from procrastinate_workers where last_heartbeat > now() - interval '30 s')",
        "start sluice worker; without it nothing is sent and nothing falls due.",
    ),
    (
        "Jobs do not pile up",
        (
            "select coalesce(max(extract(epoch from now() - e.at)), 0) < :oldest from procrastinate_jobs j"
            " join procrastinate_events e on e.job_id = j.id and e.type = 'deferred'"
            " where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at < now())"
        ),
        "start a second worker, or look for a slow platform in the worker's log.",
    ),
    (
        "No job has failed for good",
        "select not exists (select 1 from procrastinate_jobs where status = 'failed')",
        "the worker's log says which and why, by task and job; what it was to do is owed still.",
    ),
    (
        "WeCom calls this server",
        (
            "select not exists (select 1 from workspace where platform = 'wecom' and dead_at is null"
            " and created_at < now() - interval '1 hour') or exists (select 1 from delivery where key like 'wecom:%')"
        ),
        (
            "nothing ever came from WeCom: give its admin console the address SLUICE_BASE_URL/wecom/callback, with the"
            " same token and AES key, and let the proxy pass it on."
        ),
    ),
    (
        "There is an organization",
        "select exists (select 1 from organization)",
        "make one: sluice init company.yaml (an example is in docs/examples).",
    ),
    (
        "Every chat installation works",
        "select not exists (select 1 from workspace where dead_at is not null)",
        (
            "its credentials were refused: put new ones into company.yaml and run sluice init; for WeCom, see too"
            " that this server's address is among the app's trusted IPs."
        ),
    ),
    (
        "The clock stands on the machine's time",
        "select coalesce(max(offset_seconds), 0) = 0 from clock",
        "a playground moved it: sluice clock reset.",
    ),
)
# Each process names itself and its version to PostgreSQL.
_RUNNING = text(
    """
    select application_name as name, count(*) as many from pg_stat_activity
    where datname = current_database() and application_name like :like and application_name <> :ours
    group by 1 order by 1
    """
)
PER_TENANT: tuple[Rule, ...] = (
    (
        "Every message found its way",
        "select not exists (select 1 from message where state = 'dead')",
        "see why with sluice dead; sluice dead --retry N sends one again.",
    ),
    (
        "Every hook is answered",
        (
            "select not exists (select 1 from hook where state = 'failed' or failing_since is not null)"
            " and not exists (select 1 from hook_call where state = 'dead')"
        ),
        "see why with sluice hooks; sluice hooks on N calls it again, sluice hooks replay N sends what it missed.",
    ),
    (
        "Everybody active is known in a chat",
        (
            "select not exists (select 1 from member m where m.active and not exists"
            " (select 1 from chat_identity c where c.org_id = m.org_id and c.member_id = m.id)"
            # Slack tells the e-mail address of whoever writes first, and that is enough.
            " and (m.email is null or not exists (select 1 from workspace w"
            "      where w.org_id = m.org_id and w.platform = 'slack' and w.dead_at is null)))"
        ),
        "see who is not with sluice members; add ids to company.yaml or make a code: admin code @NAME.",
    ),
    (
        "The last backup is not old",
        # Whoever saves the database by other means than ours never wrote an entry, and is not asked.
        "select coalesce(max(at) > now() - interval '7 days', true) from audit where verb = 'backup.made'",
        "run sluice backup FILE each night, and keep the files on another machine.",
    ),
    (
        "Every team has a group",
        "select exists (select 1 from conversation where broken_at is null)",
        "type here TEAM in the team's channel, so that new leads are announced and the digest comes.",
    ),
)


def examine(settings: Settings) -> list[Finding]:
    """All checks; those behind one that fails are left out."""
    findings = [
        _names(), _secret(settings), *chats.address(settings), _redis(settings), *chats.socket(settings),
        *_machine(settings),
    ]  # fmt: skip
    try:
        if migrate.pending(address(settings)):
            return [*findings, Finding("The schema is this version's", ok=False, cure="run sluice migrate.")]
    except DBAPIError as exc:
        said = str(exc.orig).strip().splitlines()[0]
        cure = f"start PostgreSQL, or mend SLUICE_DATABASE_URL; it says: {said}"
        return [*findings, Finding("The database answers", ok=False, cure=cure)]
    database = Database(address(settings), pool_size=1, statement_timeout_ms=10_000)
    try:
        findings += [*_in_database(database), *_sealed(database, settings)]
        key = found_vault(settings)
        return [*findings, *(chats.scopes(settings, Workspaces(database, key)) if key else ())]
    finally:
        database.close()


def _in_database(database: Database) -> Iterator[Finding]:
    with database.session() as session:
        yield from (_asked(session, rule) for rule in RULES)
        cure = "keep both machines in step with NTP: countdowns and reminders are by the clock."
        yield Finding("Database and this machine agree on the time", ok=machine.clocks_agree(session), cure=cure)
        yield _same_version(session)
        orgs = session.execute(text("select id, key from organization order by id")).all()
    for org in orgs:
        with database.begin(org.id) as uow:
            yield from (_asked(uow.session, rule, f" ({org.key})") for rule in PER_TENANT)


def _asked(session: Session, rule: Rule, whose: str = "") -> Finding:
    name, question, cure = rule
    return Finding(name + whose, ok=bool(session.scalar(text(question), FIGURES)), cure=cure)


def _same_version(session: Session) -> Finding:
    """What runs is what is installed here: a process that was not restarted goes on with the version before."""
    known = session.execute(_RUNNING, {"like": f"{NAME} %/%", "ours": signature()}).all()
    told = ", ".join(f"{row.name.removeprefix(NAME).strip()} (connections: {row.many})" for row in known)
    cure = f"this is {release()}, but there runs {told}: restart those web and worker processes."
    return Finding("Web and worker run this version", ok=not known, cure=cure)


def _names() -> Finding:
    """A misspelt setting is none at all, and nothing else tells."""
    wrong = ", ".join(f"{name}, did you mean {meant}?" for name, meant in misspelt().items())
    return Finding("Settings are spelt as they should be", ok=not wrong, cure=f"nothing reads {wrong}")


def _secret(settings: Settings) -> Finding:
    cure = "set SLUICE_SECRET_KEY to at least 16 random characters."
    return Finding("The secret key is set", ok=found_vault(settings) is not None, cure=cure)


def _sealed(database: Database, settings: Settings) -> Iterator[Finding]:
    """Whether the present keys open what is stored, and which of it still needs a former one."""
    cure = "put the former SLUICE_SECRET_KEY behind the new one, after a comma; or give the credentials anew."
    try:
        stored = key_rotation.rotate(database, vault(settings), dry=True)
    except SettingsError:
        yield Finding("Stored secrets can be read", ok=False, cure=cure)
        return
    yield Finding("Stored secrets can be read", ok=not any(each.lost for each in stored.values()), cure=cure)
    stale = ", ".join(f"{name} ({each.anew})" for name, each in stored.items() if each.anew)
    yield Finding(
        "Stored secrets are sealed with the newest key", ok=not stale, cure=f"run sluice keys rotate; still: {stale}."
    )


def _machine(settings: Settings) -> Iterator[Finding]:
    cure = f"less than a twentieth is free where SLUICE_DATA_DIR is ({settings.data_dir}): make room, or move it."
    yield Finding("The disk has room", ok=machine.disk_has_room(settings.data_dir), cure=cure)
    cure = "SLUICE_PLAYGROUND lets whoever reaches the address speak as anybody: set it to false on a public one."
    yield Finding("The playground is not public", ok=machine.playground_is_private(settings), cure=cure)


def _redis(settings: Settings) -> Finding:
    cure = "set SLUICE_REDIS_URL to a running Redis or Valkey; until then limits hold per process only."
    demo = beside(settings)
    url = settings.redis_url or (demo.redis_url if demo else "")
    try:
        return Finding("Redis answers", ok=bool(url and Redis.from_url(url, socket_timeout=1).ping()), cure=cure)
    except (RedisError, OSError):
        return Finding("Redis answers", ok=False, cure=cure)
