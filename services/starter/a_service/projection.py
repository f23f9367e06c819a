"""The read model: a table of items, made from their events, and made anew from them whenever its form changes.

To do that give it another name (and table): it begins with the first event. The old table may be dropped then.
"""

from collections.abc import Sequence
from typing import Any

from event_store import StoredEvent, checkpoint
from event_store.store import Connection
from psycopg.rows import dict_row

from . import items

NAME = "a-service.items"

_TABLE = """
CREATE TABLE IF NOT EXISTS projections.a_service_items (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  version bigint NOT NULL,
  added_at timestamptz NOT NULL
)
"""
_ADD = """
INSERT INTO projections.a_service_items (id, name, version, added_at) VALUES (%s, %s, %s, %s)
"""
_RENAME = """
UPDATE projections.a_service_items SET name = %s, version = %s WHERE id = %s
"""
_LIST = """
SELECT id, name, version, added_at FROM projections.a_service_items ORDER BY added_at, id LIMIT %s
"""


class ItemsProjection:
    """Applies items' events to the table; all services' events pass by here."""

    name = NAME

    async def prepare(self, connection: Connection) -> None:
        """Make the table."""
        await connection.execute(_TABLE)

    async def apply(self, connection: Connection, events: Sequence[StoredEvent]) -> None:
        """Write what follows from the events."""
        for event in events:
            match event.event_type:
                case items.ADDED:
                    row = (event.aggregate_id, event.event_data["name"], event.event_version, event.created_at)
                    await connection.execute(_ADD, row)
                case items.RENAMED:
                    name = event.event_data["name"]
                    await connection.execute(_RENAME, (name, event.event_version, event.aggregate_id))


async def list_items(connection: Connection, maximum: int = 100) -> dict[str, Any]:
    """Return the first items, and the position that the read model is at, of one moment."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        position = await checkpoint(connection, NAME)
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_LIST, (maximum,))
            return {"position": position, "items": await cursor.fetchall()}
