"""Events: as they are appended, and as they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

NO_STREAM: Final = -1
"""Expected version: the stream has no event yet."""
ANY: Final = -2
"""Expected version: whatever it is at."""
STREAM_EXISTS: Final = -4
"""Expected version: the stream has at least one event."""


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event to append.

    `event_data` is any JSON. With an `event_id` the batch can be sent again: it then gives what it gave the first
    time. Of `metadata` two members have a meaning: `correlation_id`, what the event belongs to, and `causation_id`,
    the event or command behind it.
    """

    event_type: str
    event_data: Any
    metadata: Mapping[str, Any] = field(default_factory=dict)
    event_id: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as `event_store.append` takes it."""
        event: dict[str, Any] = {"event_type": self.event_type, "event_data": self.event_data}
        if self.metadata:
            event["metadata"] = dict(self.metadata)
        if self.event_id is not None:
            event["event_id"] = str(self.event_id)
        return event


@dataclass(frozen=True)
class Appended:
    """Where an event that was appended is: in the order of all commits, and in its own stream (1, 2, 3 …)."""

    global_position: int
    event_id: UUID
    event_version: int


@dataclass(frozen=True)
class StoredEvent:
    """An event as the store has it."""

    global_position: int
    event_id: UUID
    event_type: str
    aggregate_type: str
    aggregate_id: str
    event_version: int
    event_data: Any
    metadata: dict[str, Any]
    created_at: datetime
