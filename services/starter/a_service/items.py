"""What this service is about, to be replaced by what yours is about: items, which are added and renamed.

Events are facts: name them in the past tense, and never change what one that was written means. A decision reads the
stream, and appends to the version that it has read: who comes second is told, and decides again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid4

from event_store import NO_STREAM, Appended, NewEvent, StoredEvent, append, read_stream
from event_store.store import Connection
from pydantic import BaseModel, StringConstraints

# The streams' type: of this service alone, for all services share one event store.
STREAM = "a-service.item"
ADDED = "a-service.item-added"
RENAMED = "a-service.item-renamed"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ItemName(BaseModel):
    """The body of a request, and of a message."""

    name: Name


class NoSuchItemError(Exception):
    """There is no item of that id."""


@dataclass(frozen=True)
class Item:
    """An item, as its events have made it."""

    id: UUID
    name: str
    version: int


async def add_item(
    connection: Connection, name: str, *, item: UUID | None = None, event_id: UUID | None = None
) -> tuple[UUID, Appended]:
    """Add an item. With both ids the same call may be made again, and adds nothing the second time."""
    item = item or uuid4()
    event = NewEvent(event_type=ADDED, event_data={"name": name}, event_id=event_id)
    (appended,) = await append(connection, STREAM, str(item), NO_STREAM, [event])
    return item, appended


async def rename_item(connection: Connection, item: UUID, name: str) -> Item:
    """Rename an item. Raises NoSuchItemError; WrongVersionError where somebody else was at it meanwhile."""
    found = as_item(await read_stream(connection, STREAM, str(item)))
    if found is None:
        raise NoSuchItemError(str(item))
    if found.name == name:
        return found
    event = NewEvent(event_type=RENAMED, event_data={"name": name})
    (appended,) = await append(connection, STREAM, str(item), found.version, [event])
    return Item(found.id, name, appended.event_version)


def as_item(events: Sequence[StoredEvent]) -> Item | None:
    """Return what a stream's events have made; None of none."""
    item: Item | None = None
    for event in events:
        name: Any = event.event_data.get("name")
        if event.event_type in (ADDED, RENAMED):
            item = Item(UUID(event.aggregate_id), str(name), event.event_version)
    return item
