"""Appending and reading."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row
from psycopg.types.json import Jsonb

from .errors import translated
from .events import Appended, NewEvent, StoredEvent

Connection = AsyncConnection[Any]

_COLUMNS = (
    "global_position, event_id, event_type, aggregate_type, aggregate_id, event_version, event_data, metadata,"
    " created_at"
)
_APPEND = "SELECT global_position, event_id, event_version FROM event_store.append(%s, %s, %s, %s)"
_READ_ALL = f"SELECT {_COLUMNS} FROM event_store.read_all(%s, %s)"  # noqa: S608 (constants)
_READ_STREAM = f"SELECT {_COLUMNS} FROM event_store.read_stream(%s, %s, %s, %s)"  # noqa: S608 (constants)


async def append(
    connection: Connection,
    aggregate_type: str,
    aggregate_id: str,
    expected_version: int,
    events: Sequence[NewEvent],
) -> list[Appended]:
    """Append a batch to one stream, all or nothing.

    `expected_version`: n >= 0 is exactly n; or NO_STREAM, ANY, STREAM_EXISTS. Appends wait for each other from here
    to the end of the transaction: let it be short. Raises WrongVersionError, EventIdTakenError, InvalidFieldError.
    """
    batch = Jsonb([event.as_json() for event in events])
    async with connection.cursor(row_factory=class_row(Appended)) as cursor:
        with translated():
            await cursor.execute(_APPEND, (aggregate_type, aggregate_id, expected_version, batch))
            return await cursor.fetchall()


async def read_all(connection: Connection, after_position: int = 0, maximum: int = 500) -> list[StoredEvent]:
    """Return events after a position, in the order of their commits: who goes on from the last one misses none."""
    async with connection.cursor(row_factory=class_row(StoredEvent)) as cursor:
        await cursor.execute(_READ_ALL, (after_position, maximum))
        return await cursor.fetchall()


async def read_stream(
    connection: Connection,
    aggregate_type: str,
    aggregate_id: str,
    from_version: int = 1,
    maximum: int | None = None,
) -> list[StoredEvent]:
    """Return one stream's events from a version on; none where there is no such stream."""
    async with connection.cursor(row_factory=class_row(StoredEvent)) as cursor:
        await cursor.execute(_READ_STREAM, (aggregate_type, aggregate_id, from_version, maximum))
        return await cursor.fetchall()


async def head(connection: Connection) -> int:
    """Return the position of the newest event; 0 where there is none."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("SELECT event_store.head()")
        row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def register_event_type(
    connection: Connection, event_type: str, json_schema: Mapping[str, Any] | None = None, description: str = ""
) -> None:
    """Have the data of that type's new events checked. Raises InvalidFieldError for a schema that can't be."""
    schema = None if json_schema is None else Jsonb(dict(json_schema))
    with translated():
        await connection.execute(
            "SELECT event_store.register_event_type(%s, %s, %s)", (event_type, schema, description)
        )
