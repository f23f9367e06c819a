"""With real servers, a stack's: each part is skipped where the variables don't name one.

TEST_POSTGRES_URL   postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with the stack's event store in it
TEST_RABBITMQ_URL   amqp://USER:PASSWORD@HOST:PORT/VHOST, and
TEST_RABBITMQ_QUEUE the name of a quorum queue, which is read
TEST_RABBITMQ_EXCHANGE, TEST_RABBITMQ_KEY
                    how messages come into it; left out by the default exchange, which the stack's user may not use

What is tested stays in the event store, whose events are for ever: name a database that is for tests.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import aio_pika
import pytest
from fastapi.testclient import TestClient

from a_service.app import create_app
from a_service.settings import Settings

POSTGRES = os.environ.get("TEST_POSTGRES_URL")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL")
QUEUE = os.environ.get("TEST_RABBITMQ_QUEUE")
EXCHANGE = os.environ.get("TEST_RABBITMQ_EXCHANGE")
KEY = os.environ.get("TEST_RABBITMQ_KEY")

needs_postgres = pytest.mark.skipif(POSTGRES is None, reason="no PostgreSQL: TEST_POSTGRES_URL is not set")
needs_rabbitmq = pytest.mark.skipif(
    None in (POSTGRES, RABBITMQ, QUEUE),
    reason="no RabbitMQ: TEST_RABBITMQ_URL, TEST_RABBITMQ_QUEUE and TEST_POSTGRES_URL are not all set",
)


def parts(component: str, url: str, last: str) -> dict[str, Any]:
    split = urlsplit(url)
    found = {"host": split.hostname, "port": split.port, "user": unquote(split.username or "")}
    secret = {"password": unquote(split.password or ""), last: unquote(split.path[1:])}
    return {f"{component}_{name}": value for name, value in {**found, **secret}.items() if value is not None}


def started(given: dict[str, Any]) -> Iterator[TestClient]:
    app = create_app(Settings.model_validate(given))
    with TestClient(app) as client:  # type: ignore[arg-type]
        eventually(lambda: client.get("/ready").status_code == 200)
        yield client


@pytest.fixture
def client() -> Iterator[TestClient]:
    yield from started(parts("postgres", POSTGRES or "", "database"))


@pytest.fixture
def consuming() -> Iterator[TestClient]:
    broker = parts("rabbitmq", RABBITMQ or "", "vhost") | {"rabbitmq_queue": QUEUE}
    yield from started(parts("postgres", POSTGRES or "", "database") | broker)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it didn't come in time"
        time.sleep(0.05)


def names(client: TestClient) -> list[str]:
    return [item["name"] for item in client.get("/items").json()["items"]]


@needs_postgres
def test_an_item_that_is_added_comes_into_the_read_model(client: TestClient):
    name = f"test {uuid4()}"
    added = client.post("/items", json={"name": name})
    assert added.status_code == 201
    eventually(lambda: client.get("/items").json()["position"] >= added.json()["position"])
    events = client.get(f"/items/{added.json()['id']}/events").json()
    assert [(event["version"], event["data"]) for event in events] == [(1, {"name": name})]
    assert client.get("/health").status_code == 200


@needs_postgres
def test_an_item_is_renamed_and_what_is_not_there_is_not(client: TestClient):
    item = client.post("/items", json={"name": f"test {uuid4()}"}).json()["id"]
    renamed = client.put(f"/items/{item}/name", json={"name": "another"})
    assert renamed.json() == {"id": item, "name": "another", "version": 2}
    assert client.put(f"/items/{item}/name", json={"name": "another"}).json()["version"] == 2
    assert client.put(f"/items/{uuid4()}/name", json={"name": "a"}).status_code == 404
    assert client.get(f"/items/{uuid4()}/events").status_code == 404


@needs_rabbitmq
def test_a_message_sent_twice_is_one_item_and_one_that_is_none_is_rejected(consuming: TestClient):
    async def publish(*messages: aio_pika.Message) -> None:
        async with await aio_pika.connect(RABBITMQ) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EXCHANGE) if EXCHANGE else channel.default_exchange
            for message in messages:
                await exchange.publish(message, routing_key=KEY or QUEUE or "")

    def outcomes() -> dict[str, float]:
        lines = consuming.get("/metrics").text.splitlines()
        found = [line.split() for line in lines if line.startswith("consumed_messages_total{")]
        return {key.split('"')[1]: float(value) for key, value in found}

    identity = str(uuid4())
    good = aio_pika.Message(f'{{"name": "message {identity}"}}'.encode(), message_id=identity)
    asyncio.run(publish(good, good, aio_pika.Message(b"none")))
    eventually(lambda: outcomes() == {"done": 2.0, "rejected": 1.0})
    eventually(lambda: names(consuming).count(f"message {identity}") == 1)
