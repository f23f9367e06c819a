"""Messages of the service's own queue, a quorum queue that the stack has declared and bound.

What becomes of a message:

- it is done: acknowledged;
- it can't be understood: rejected, and so dead-lettered at once. Trying again would not help;
- the database is away: it is kept, and tried again here. An outage must not send good messages to the dead letters;
- anything else, a fault of this code say: given back. The broker delivers it again, `rabbitmq.deliveryLimit` times,
  and then dead-letters it.

Dead letters are in the queue STACK-dead-letters, each with its reason in the header x-death.
"""

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import NAMESPACE_OID, UUID, uuid5

import aio_pika
import psycopg
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, SSLOptions
from aiormq.exceptions import AuthenticationError, ChannelNotFoundEntity, ProbableAuthenticationError
from event_store.pool import ConnectionPool
from psycopg_pool import PoolClosed
from pydantic import ValidationError

from .health import Health
from .items import ItemName, add_item
from .settings import Settings

log = logging.getLogger(__name__)

Outcome = Literal["done", "rejected", "returned"]
Handler = Callable[[AbstractIncomingMessage], Awaitable[None]]

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_INTERVAL = 2.0
_TIMEOUT = 5.0


class UnprocessableError(Exception):
    """A message that no try will make understood; the words are for the log, and hold no value of it."""


def handler(pool: ConnectionPool) -> Handler:
    """Return what a message does here: it adds an item. Your own goes in its place."""

    async def add(message: AbstractIncomingMessage) -> None:
        try:
            body = ItemName.model_validate_json(message.body)
        except ValidationError as error:
            raise UnprocessableError(f"{error.error_count()} faults in its body") from None
        # Sent again, by the broker or its publisher, it is the same event: the store takes it once.
        ids = derived_ids(message.message_id)
        async with pool.connection() as connection:
            if ids is None:
                await add_item(connection, body.name)
            else:
                await add_item(connection, body.name, item=ids[0], event_id=ids[1])

    return add


def derived_ids(message_id: str | None) -> tuple[UUID, UUID] | None:
    """Return the item's and the event's id that follow from a message's; None where it has none."""
    if not message_id:
        return None
    of_message = uuid5(NAMESPACE_OID, f"a-service {message_id}")
    return uuid5(of_message, "item"), uuid5(of_message, "event")


async def settle(message: AbstractIncomingMessage, handle: Handler) -> Outcome:
    """Have a message handled, and tell the broker what became of it."""
    delay = _FIRST_DELAY
    while True:
        try:
            await handle(message)
        except UnprocessableError as error:
            log.warning("a message was dead-lettered: %s", error, extra=_about(message))
            await message.reject(requeue=False)
            return "rejected"
        except PoolClosed:
            # The service ends: the broker gives the message to who comes next.
            raise
        except psycopg.OperationalError:
            log.warning("the database is away; a message waits", extra=_about(message))
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)
        except Exception:
            log.exception("a message was given back", extra=_about(message))
            await message.nack(requeue=True)
            return "returned"
        else:
            await message.ack()
            return "done"


def _about(message: AbstractIncomingMessage) -> dict[str, dict[str, object]]:
    return {"fields": {"messageId": message.message_id, "redelivered": message.redelivered}}


async def consume(
    settings: Settings, handle: Handler, health: Health, settled: Callable[[Outcome], None] = lambda outcome: None
) -> None:
    """Consume until cancelled; a connection that is lost is made anew, after a delay that doubles."""
    delay = _FIRST_DELAY
    brokers = settings.brokers()

    async def work(message: AbstractIncomingMessage) -> None:
        settled(await settle(message, handle))

    while True:
        host, port = brokers[0]
        try:
            connection = await aio_pika.connect(
                host=host,
                port=port,
                ssl=settings.rabbitmq_ca is not None,
                ssl_options=None if settings.rabbitmq_ca is None else SSLOptions(cafile=settings.rabbitmq_ca),
                login=settings.rabbitmq_user,
                password=settings.rabbitmq_password.get_secret_value(),
                virtualhost=settings.rabbitmq_vhost,
                timeout=_TIMEOUT,
                client_properties={"connection_name": settings.service_name},
            )
            async with connection:
                channel = await connection.channel()
                await channel.set_qos(prefetch_count=settings.rabbitmq_prefetch)
                # Looked up, not declared: the stack has made it.
                queue = await channel.get_queue(settings.rabbitmq_queue)
                await queue.consume(work)
                while True:
                    await _look(channel, settings.rabbitmq_queue)
                    health.tell("rabbitmq", "ok")
                    delay = _FIRST_DELAY
                    await asyncio.sleep(_INTERVAL)
        except Exception as error:  # noqa: BLE001 (whatever it is, the messages are still there)
            health.tell("rabbitmq", _code(error))
            # Another one the next time.
            brokers.append(brokers.pop(0))
        await asyncio.sleep(delay)
        delay = min(delay * 2, _LONGEST_DELAY)


async def _look(channel: AbstractChannel, name: str) -> None:
    """Ask the broker for the queue: it may have gone, and our consumer with it, and the connection tells nothing."""
    async with asyncio.timeout(_TIMEOUT):
        queue = await channel.get_queue(name)
    if queue.declaration_result.consumer_count == 0:
        raise ChannelNotFoundEntity("the queue was made anew")


def _code(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "timeout"
        case ProbableAuthenticationError() | AuthenticationError():
            return "auth"
        case ChannelNotFoundEntity():
            return "queue-missing"
        case ConnectionRefusedError():
            return "refused"
        case OSError():
            # aiormq's own are of this kind too, with the system's number where there is one.
            return "refused" if error.args[:1] == (errno.ECONNREFUSED,) else "unreachable"
    return "connection-lost"
