"""PostgreSQL: a query as the service's own user, on a connection that is kept."""

import asyncio
import os
import socket

import psycopg
from psycopg import sql

from event_store.connect import connection_arguments
from event_store.health import failure_code as store_failure
from event_store.health import probe_query
from reference_service.checks.check import PASS, CheckFailed, Verdict, failure_code
from reference_service.settings import Postgres


class PostgresCheck:
    """Selects from the event store (or just a row, where no schema is named)."""

    name = "postgres"

    def __init__(self, settings: Postgres, client: str) -> None:
        self._settings = settings
        self._client = client
        self._query: sql.SQL | sql.Composed = sql.SQL("select true, true")
        if settings.schema_name:
            self._query = probe_query(settings.schema_name)
        self._connection: psycopg.AsyncConnection | None = None
        hosts = settings.host.split(",")
        ports = settings.port.split(",")
        self._servers = list(zip(hosts, ports if len(ports) == len(hosts) else ports * len(hosts), strict=True))

    async def probe(self) -> Verdict:
        """Run the query; reconnect first where the last probe failed."""
        try:
            connection = self._connection or await self._connect()
            self._connection = connection
            row = await _fetch_one(connection, self._query)
        except psycopg.Error as error:
            await self.close()
            raise CheckFailed(store_failure(error) or failure_code(error)) from error
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
        servers = list(self._servers)
        # libpq tries them in turn: one that is off, and says nothing, must not take each probe's whole time.
        self._servers = [*servers[1:], servers[0]]
        arguments = connection_arguments(
            host=",".join(host for host, _ in servers),
            port=",".join(port for _, port in servers),
            database=settings.database,
            user=settings.user,
            password=settings.password.get_secret_value(),
            client=self._client,
        )
        connection = await psycopg.AsyncConnection.connect(**arguments, autocommit=True)
        self._servers = servers
        return connection


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
