"""The stack's event store, from Python: append, read, project. docs/event-store.md tells of each call.

Functions take an open `psycopg.AsyncConnection`, so that several of them, and statements of the caller's own, can be
one transaction. What the database refuses is raised as one of the errors here. `event_store.pool` has the pool,
`event_store.health` what a health check needs; neither is loaded by this.
"""

from .errors import (
    CheckpointMovedError,
    EventIdTakenError,
    EventStoreError,
    InvalidFieldError,
    WrongVersionError,
)
from .events import ANY, NO_STREAM, STREAM_EXISTS, Appended, NewEvent, StoredEvent
from .projection import Pool, Projection, catch_up, checkpoint, follow, reset_projection
from .store import append, head, read_all, read_stream, register_event_type

__all__ = [
    "ANY",
    "NO_STREAM",
    "STREAM_EXISTS",
    "Appended",
    "CheckpointMovedError",
    "EventIdTakenError",
    "EventStoreError",
    "InvalidFieldError",
    "NewEvent",
    "Pool",
    "Projection",
    "StoredEvent",
    "WrongVersionError",
    "append",
    "catch_up",
    "checkpoint",
    "follow",
    "head",
    "read_all",
    "read_stream",
    "register_event_type",
    "reset_projection",
]
