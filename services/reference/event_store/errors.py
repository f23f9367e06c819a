"""What the event store refuses. The messages are the database's own, and have no value of the call in them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


class EventStoreError(Exception):
    """A call that was refused; nothing of it was written."""


class WrongVersionError(EventStoreError):
    """SE001: the stream is not at the expected version. Read it again, and decide again."""


class EventIdTakenError(EventStoreError):
    """SE002: an event_id is another event's: of another stream, of part of the batch, or twice within it."""


class InvalidFieldError(EventStoreError):
    """SE003: a field is not as it must be; the message has the event's number and the field's name."""


class CheckpointMovedError(EventStoreError):
    """SE004: another worker has moved the projection's checkpoint. Roll back, and read it again."""


_BY_SQLSTATE: dict[str, type[EventStoreError]] = {
    "SE001": WrongVersionError,
    "SE002": EventIdTakenError,
    "SE003": InvalidFieldError,
    "SE004": CheckpointMovedError,
}


@contextmanager
def translated() -> Iterator[None]:
    """Raise the event store's own errors in the place of psycopg's; others pass as they are."""
    try:
        yield
    except psycopg.Error as error:
        kind = _BY_SQLSTATE.get(error.sqlstate or "")
        if kind is None:
            raise
        raise kind(error.diag.message_primary or str(error)) from error
