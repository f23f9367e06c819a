"""PostgreSQL: a query as the service's own user, on a connection that is kept."""

import asyncio
import os
import socket

import psycopg
from psycopg import errors, sql

from reference_service.checks.check import PASS, CheckFailed, Verdict, failure_code
from reference_service.settings import Postgres

# libpq gives a failed connection no SQLSTATE, only text (English with the stack's locale).
_CONNECT_CODES = (
    ("password authentication failed", "auth"),
    ("no pg_hba.conf entry", "auth"),
    ("is not permitted to log in", "auth"),
    ("does not exist", "database-missing"),
    ("starting up", "starting"),
    ("not yet accepting connections", "starting"),
    ("shutting down", "stopping"),
    ("in recovery mode", "starting"),
    ("too many", "too-many-connections"),
    ("remaining connection slots", "too-many-connections"),
    ("Connection refused", "refused"),
    ("closed the connection unexpectedly", "connection-lost"),
    ("could not translate host name", "unreachable"),
    ("timeout expired", "timeout"),
)

# A service may select events and execute append: both are what its application will live on.
_EVENT_STORE = """
select exists (select from {schema}.events limit 1),
       exists (select from pg_catalog.pg_proc
               where proname = 'append' and pronamespace = pg_catalog.to_regnamespace({name})
                 and pg_catalog.has_function_privilege(oid, 'execute'))
"""


class PostgresCheck:
    """Selects from the event store (or just a row, where no schema is named)."""

    name = "postgres"

    def __init__(self, settings: Postgres, client: str) -> None:
        self._settings = settings
        self._client = client
        self._query: sql.SQL | sql.Composed = sql.SQL("select true, true")
        if settings.schema_name:
            self._query = sql.SQL(_EVENT_STORE).format(
                schema=sql.Identifier(settings.schema_name), name=sql.Literal(settings.schema_name)
            )
        self._connection: psycopg.AsyncConnection | None = None

    async def probe(self) -> Verdict:
        """Run the query; reconnect first where the last probe failed."""
        try:
            connection = self._connection or await self._connect()
            self._connection = connection
            row = await _fetch_one(connection, self._query)
        except psycopg.Error as error:
            await self.close()
            raise CheckFailed(_code(error)) from error
        except BaseException:
            await self.close()
            raise
        if row is None or not row[1]:
            raise CheckFailed("denied")
        return PASS

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def _connect(self) -> psycopg.AsyncConnection:
        settings = self._settings
        return await psycopg.AsyncConnection.connect(
            host=settings.host,
            port=settings.port,
            dbname=settings.database,
            user=settings.user,
            password=settings.password.get_secret_value(),
            application_name=self._client,
            gssencmode="disable",
            autocommit=True,
        )


async def _fetch_one(connection: psycopg.AsyncConnection, query: sql.SQL | sql.Composed) -> tuple[object, ...] | None:
    async def run() -> tuple[object, ...] | None:
        cursor = await connection.execute(query)
        return await cursor.fetchone()

    task = asyncio.ensure_future(run())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # Cancelling psycopg itself would first ask the server, stalled as it is, to cancel: for up to 5 s.
        _hang_up(connection)
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
        raise


def _hang_up(connection: psycopg.AsyncConnection) -> None:
    """End the TCP connection below psycopg, which then sees it as lost."""
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as channel:
            channel.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg.Error):
        pass


def _code(error: psycopg.Error) -> str:
    match error:
        case errors.InvalidAuthorizationSpecification():
            return "auth"
        case errors.InsufficientPrivilege():
            return "denied"
        case errors.UndefinedTable() | errors.InvalidSchemaName():
            return "schema-missing"
        case errors.AdminShutdown() | errors.CrashShutdown():
            return "stopping"
        case errors.QueryCanceled():
            return "timeout"
        case errors.OperationalError():
            text = str(error)
            for part, code in _CONNECT_CODES:
                if part in text:
                    return code
            return failure_code(error) if error.__cause__ else "connection-lost"
    return "error"
