"""Where the private engines listen, and what one may do with them from there."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

SUPERUSER = "sluice"
DATABASE = "sluice"
ADDRESS_OF_DEMO = "address"  # a file of the data folder: where people reach the demo that runs there


@dataclass(frozen=True)
class Sockets:
    """The folders in which a running PostgreSQL and Valkey have their sockets."""

    postgres: Path
    valkey: Path

    @property
    def database_url(self) -> str:
        """The database of Sluice, as SQLAlchemy writes it."""
        return self.url_of(DATABASE)

    @property
    def redis_url(self) -> str:
        """Valkey, as redis-py writes it."""
        return f"unix://{self.valkey_socket}"

    @property
    def valkey_socket(self) -> Path:
        """The socket itself."""
        return self.valkey / "valkey.sock"

    def url_of(self, database: str, *, user: str = SUPERUSER) -> str:
        """Another database of the cluster, or the same one for another role."""
        return f"postgresql+psycopg://{user}@/{database}?host={self.postgres}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A plain session that commits each statement, for work on whole databases."""
        return psycopg.connect(host=str(self.postgres), user=SUPERUSER, dbname=database, autocommit=True)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create database `name` as a copy of `template`, to which nobody may be connected; return its URL."""
        with self.connect() as connection:
            statement = sql.SQL("create database {} template {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Drop database `name` and end the sessions in it. Harmless when it does not exist."""
        with self.connect() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def has_database(self, name: str) -> bool:
        """Whether database `name` exists."""
        with self.connect() as connection:
            return bool(connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone())
