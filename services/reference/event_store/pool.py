"""Connections: how each is made, and a pool of them."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from .connect import ConnectionArguments

ConnectionPool = AsyncConnectionPool[AsyncConnection[TupleRow]]


def make_pool(
    arguments: ConnectionArguments, *, min_size: int = 1, max_size: int = 5, timeout: float = 5.0
) -> ConnectionPool:
    """Return a pool that is to be opened: `await pool.open()` doesn't wait for the database.

    Connections are in autocommit: a call is a transaction, several are `async with connection.transaction()`. Each is
    looked at before it is lent, so that a restart of PostgreSQL costs no request. Who waits longer than `timeout`
    seconds for one gets psycopg_pool.PoolTimeout. All services together share `postgres.connections` of stack.yaml.
    """
    options: dict[str, Any] = {"autocommit": True, **arguments}
    return AsyncConnectionPool(
        kwargs=options,
        min_size=min_size,
        max_size=max_size,
        timeout=timeout,
        open=False,
        check=AsyncConnectionPool.check_connection,
        # Else psycopg_pool waits a doubling delay, up to minutes, after a longer outage.
        reconnect_timeout=5.0,
    )
