"""The event store's package, without a database: what it sends, what it raises, how it goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from event_store import (
    CheckpointMovedError,
    EventIdTakenError,
    InvalidFieldError,
    NewEvent,
    StoredEvent,
    WrongVersionError,
    follow,
    projection,
)
from event_store.errors import translated
from event_store.health import failure_code, probe_query

ID = UUID("00000000-0000-4000-8000-000000000001")


def test_an_event_is_sent_with_what_it_has_and_no_more():
    assert NewEvent(event_type="a", event_data=None).as_json() == {"event_type": "a", "event_data": None}
    whole = NewEvent(event_type="a", event_data=[1], metadata={"correlation_id": "c"}, event_id=ID).as_json()
    assert whole == {
        "event_type": "a",
        "event_data": [1],
        "metadata": {"correlation_id": "c"},
        "event_id": str(ID),
    }


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("SE001", WrongVersionError),
        ("SE002", EventIdTakenError),
        ("SE003", InvalidFieldError),
        ("SE004", CheckpointMovedError),
    ],
)
def test_what_the_database_refuses_is_an_error_of_its_own(sqlstate: str, kind: type[Exception]):
    refused = type("Refused", (psycopg.DatabaseError,), {"sqlstate": sqlstate})
    with pytest.raises(kind, match="the words") as caught, translated():
        raise refused("the words")
    assert isinstance(caught.value.__cause__, psycopg.Error)


def test_other_errors_pass():
    with pytest.raises(errors.UniqueViolation), translated():
        raise errors.UniqueViolation


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidPassword(), "auth"),
        (errors.InsufficientPrivilege(), "denied"),
        (errors.UndefinedTable(), "schema-missing"),
        (errors.AdminShutdown(), "stopping"),
        (psycopg.OperationalError("connection failed: Connection refused"), "refused"),
        (psycopg.OperationalError("the connection is lost"), "connection-lost"),
        (errors.DivisionByZero(), "error"),
    ],
)
def test_a_failure_has_a_stable_word(error: psycopg.Error, code: str):
    assert failure_code(error) == code


def test_the_networks_own_error_is_left_to_who_knows_it():
    error = psycopg.OperationalError("it failed")
    error.__cause__ = OSError(113, "No route to host")
    assert failure_code(error) is None


def test_a_schemas_name_is_quoted():
    text = probe_query('we"ird').as_string(None)
    assert '"we""ird".events' in text
    assert isinstance(probe_query(), sql.Composed)


class Store:
    """Events and a checkpoint in memory; a transaction that fails leaves the checkpoint as it was."""

    def __init__(self, count: int) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        self.events = [StoredEvent(n, ID, "a", "t", "i", n, {}, {}, at) for n in range(1, count + 1)]
        self.position = 0
        self.closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        before = self.position
        try:
            yield
        except BaseException:
            self.position = before
            raise

    async def execute(self, query: str) -> None:
        assert query in ("LISTEN event_store", "UNLISTEN *")

    async def notifies(self, timeout: float, stop_after: int) -> AsyncIterator[None]:
        await asyncio.sleep(0.001)
        return
        yield


class Seen:
    """A read model: the positions that it was given. Fails as often as it is told to."""

    name = "seen"

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.positions: list[int] = []
        self.prepared = 0

    async def prepare(self, connection: Any) -> None:
        self.prepared += 1

    async def apply(self, connection: Any, events: Sequence[StoredEvent]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.positions += [event.global_position for event in events]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store(7)

    async def checkpoint(connection: Store, name: str) -> int:
        return connection.position

    async def read_all(connection: Store, after: int, maximum: int) -> list[StoredEvent]:
        return [event for event in connection.events if event.global_position > after][:maximum]

    async def advance(connection: Store, name: str, before: int, after: int) -> None:
        assert connection.position == before
        connection.position = after

    monkeypatch.setattr(projection, "checkpoint", checkpoint)
    monkeypatch.setattr(projection, "read_all", read_all)
    monkeypatch.setattr(projection, "advance_projection", advance)
    monkeypatch.setattr(projection, "_FIRST_DELAY", 0.001)
    return made


def test_a_projection_gets_each_event_once_in_batches(store: Store):
    seen = Seen()
    at: list[int] = []
    assert asyncio.run(projection.catch_up(store, seen, 3, at.append)) == 7
    assert at == [3, 6, 7]
    assert seen.positions == [1, 2, 3, 4, 5, 6, 7]
    assert asyncio.run(projection.catch_up(store, seen)) == 7
    assert seen.positions == [1, 2, 3, 4, 5, 6, 7]


def test_following_tries_again_what_failed_and_steps_over_nothing(store: Store):
    seen = Seen(ValueError("x"), CheckpointMovedError("y"))
    failed: list[Exception] = []
    positions: list[int] = []
    ends: list[int] = []

    async def run() -> None:
        task = asyncio.create_task(
            follow(store, seen, at=positions.append, caught_up=ends.append, failed=failed.append, batch=3)
        )
        async with asyncio.timeout(20):
            while len(ends) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(run())
    assert seen.positions == [1, 2, 3, 4, 5, 6, 7]
    assert [type(error) for error in failed] == [ValueError]
    assert seen.prepared == 3
    assert positions[:3] == [3, 6, 7]
    assert ends[0] == 7
