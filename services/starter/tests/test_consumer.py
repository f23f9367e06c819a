"""What becomes of a message."""

import asyncio
from typing import Any, cast

import psycopg
import pytest
from aio_pika.abc import AbstractIncomingMessage
from event_store.pool import ConnectionPool

from a_service import consumer
from a_service.consumer import UnprocessableError, derived_ids, handler, settle


class FakeMessage:
    """Notes what the broker is told."""

    def __init__(self, body: bytes = b"{}", message_id: str | None = None) -> None:
        self.body = body
        self.message_id = message_id
        self.redelivered = False
        self.told: list[str] = []

    async def ack(self) -> None:
        self.told.append("ack")

    async def reject(self, requeue: bool) -> None:
        self.told.append(f"reject {requeue}")

    async def nack(self, requeue: bool) -> None:
        self.told.append(f"nack {requeue}")


def settled(*failures: Exception) -> tuple[str, list[str]]:
    message = FakeMessage()
    left = list(failures)

    async def handle(_: AbstractIncomingMessage) -> None:
        if left:
            raise left.pop(0)

    outcome = asyncio.run(settle(cast(AbstractIncomingMessage, message), handle))
    return outcome, message.told


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "_FIRST_DELAY", 0.001)


def test_one_that_is_handled_is_acknowledged():
    assert settled() == ("done", ["ack"])


def test_one_that_is_not_understood_is_dead_lettered_at_once():
    assert settled(UnprocessableError("no")) == ("rejected", ["reject False"])


def test_while_the_database_is_away_it_waits_and_is_not_given_back():
    assert settled(psycopg.OperationalError("x"), psycopg.OperationalError("x")) == ("done", ["ack"])


def test_one_that_meets_a_fault_is_given_back_for_the_broker_to_count():
    assert settled(ZeroDivisionError()) == ("returned", ["nack True"])


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"{}", b'{"name": ""}', b"\xff"])
def test_a_body_that_is_no_item_is_not_understood_and_not_told(body: bytes, absent_pool: ConnectionPool):
    message: Any = FakeMessage(body)
    with pytest.raises(UnprocessableError) as caught:
        asyncio.run(handler(absent_pool)(message))
    assert "no json" not in str(caught.value)


def test_a_message_sent_again_is_the_same_event():
    assert derived_ids("m1") == derived_ids("m1")
    assert derived_ids("m1") != derived_ids("m2")
    assert derived_ids(None) is None
