"""Read models: each batch of events and its checkpoint are one transaction, so that none is applied twice or missed."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from psycopg.rows import tuple_row

from .errors import CheckpointMovedError, translated
from .events import StoredEvent
from .store import Connection, read_all

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0


class Projection(Protocol):
    """A read model. Its `name` is that of its checkpoint; tables of its own go into the schema `projections`."""

    @property
    def name(self) -> str:
        """Return the checkpoint's name, 1 to 255 characters."""
        ...

    async def prepare(self, connection: Connection) -> None:
        """Make what it writes to, where that is missing. Called once before the first batch."""
        ...

    async def apply(self, connection: Connection, events: Sequence[StoredEvent]) -> None:
        """Write what follows from the events, in the transaction that moves the checkpoint."""
        ...


class Pool(Protocol):
    """Where connections come from: psycopg_pool's AsyncConnectionPool is one."""

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection, in autocommit."""
        ...


async def checkpoint(connection: Connection, name: str) -> int:
    """Return the position that a projection has read up to; 0 before its first event."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("SELECT position FROM event_store.projections WHERE projection_name = %s", (name,))
        row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def advance_projection(connection: Connection, name: str, from_position: int, to_position: int) -> None:
    """Move a checkpoint, in the transaction that writes the read model. Raises CheckpointMovedError."""
    with translated():
        await connection.execute(
            "SELECT event_store.advance_projection(%s, %s, %s)", (name, from_position, to_position)
        )


async def reset_projection(connection: Connection, name: str) -> None:
    """Begin again from the first event, in the transaction that empties the read model."""
    with translated():
        await connection.execute("SELECT event_store.reset_projection(%s)", (name,))


def _unheard(position: int) -> None:
    """Nobody asks."""


async def catch_up(pool: Pool, projection: Projection, batch: int = 500, at: Callable[[int], None] = _unheard) -> int:
    """Apply what there is, in batches; `at` hears the position after each. Returns the last.

    Raises CheckpointMovedError.
    """
    while True:
        async with pool.connection() as connection, connection.transaction():
            position = await checkpoint(connection, projection.name)
            events = await read_all(connection, position, batch)
            if events:
                await projection.apply(connection, events)
                await advance_projection(connection, projection.name, position, events[-1].global_position)
        position = events[-1].global_position if events else position
        at(position)
        if len(events) < batch:
            return position


async def follow(
    pool: Pool,
    projection: Projection,
    *,
    at: Callable[[int], None] = _unheard,
    caught_up: Callable[[int], None] = _unheard,
    failed: Callable[[Exception], None] = lambda error: None,
    poll: float = 5.0,
    batch: int = 500,
) -> None:
    """Keep a projection up to date until cancelled.

    New events are told of by PostgreSQL's NOTIFY; `poll`, in seconds, is how long one may go unnoticed where that is
    lost. `at` hears the position after each batch and each look, `caught_up` when there was no more. What fails is
    given to `failed`, and tried again after a delay that doubles up to half a minute: a projection never steps over an
    event that it can't apply.
    """
    delay = _FIRST_DELAY
    while True:
        try:
            async with pool.connection() as connection:
                await projection.prepare(connection)
                await connection.execute("LISTEN event_store")
                try:
                    while True:
                        caught_up(await catch_up(pool, projection, batch, at))
                        delay = _FIRST_DELAY
                        async for _ in connection.notifies(timeout=poll, stop_after=1):
                            pass
                finally:
                    if not connection.closed:
                        await connection.execute("UNLISTEN *")
        except CheckpointMovedError:
            # Another worker is at it too, the release before this one perhaps: the next look reads its checkpoint.
            await asyncio.sleep(_FIRST_DELAY)
        except Exception as error:  # noqa: BLE001 (whatever fails, the events are still there)
            failed(error)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)
