"""RabbitMQ: an open connection to the vhost, the exchange, and the service's own queue."""

import asyncio
from typing import Any
from urllib.parse import quote

import aiormq
from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory
from aiormq.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelAccessRefused,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    ConnectionClosed,
    ConnectionNotAllowed,
    InvalidFrameError,
    ProbableAuthenticationError,
)

from reference_service.checks.check import PASS, CheckFailed, Verdict, failure_code
from reference_service.settings import RabbitMQ

_HEARTBEAT_SECONDS = 10


class _Transport(TransportFactory):
    """Remembers the socket, for a stalled broker answers no closing handshake either."""

    writer: asyncio.StreamWriter | None = None

    async def create(self, url: Any, **kwargs: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        factory = TLSTransportFactory() if url.scheme == "amqps" else TCPTransportFactory()
        reader, self.writer = await factory.create(url, **kwargs)
        return reader, self.writer

    def abort(self) -> None:
        if self.writer:
            self.writer.transport.abort()


class RabbitMQCheck:
    """Declares exchange and queue passively: the broker looks them up and answers, nothing is changed."""

    name = "rabbitmq"

    def __init__(self, settings: RabbitMQ, client: str) -> None:
        self._settings = settings
        self._client = client
        self._connection: aiormq.Connection | None = None
        self._channel: Any = None
        self._transport = _Transport()
        hosts = settings.host.split(",")
        ports = settings.port.split(",")
        self._servers = list(zip(hosts, ports if len(ports) == len(hosts) else ports * len(hosts), strict=True))

    async def probe(self) -> Verdict:
        """Do one round; connect first where the last probe failed."""
        try:
            channel = self._channel or await self._connect()
            if self._settings.exchange:
                await channel.exchange_declare(self._settings.exchange, passive=True)
            await channel.queue_declare(self._settings.queue, passive=True)
        except (AMQPError, ChannelInvalidStateError) as error:
            await self.close()
            raise CheckFailed(_code(error)) from error
        except BaseException:
            await self.close()
            raise
        return PASS

    async def close(self) -> None:
        """Hang up."""
        connection, self._connection, self._channel = self._connection, None, None
        self._transport.abort()
        if connection:
            await asyncio.wait([asyncio.ensure_future(connection.close())], timeout=0.2)

    async def _connect(self) -> Any:
        settings = self._settings
        user, password = quote(settings.user, ""), quote(settings.password.get_secret_value(), "")
        name, port = self._servers[0]
        # Another one the next time, unless this one answers.
        self._servers.append(self._servers.pop(0))
        host = f"[{name}]" if ":" in name else name
        files = {"cafile": settings.ca, "certfile": settings.certificate, "keyfile": settings.key}
        tls = "".join(f"&{name}={quote(path, '')}" for name, path in files.items() if path)
        scheme = "amqps" if settings.ca else "amqp"
        self._transport = _Transport()
        self._connection = aiormq.Connection(
            f"{scheme}://{user}:{password}@{host}:{port}/{quote(settings.vhost, '')}"
            f"?heartbeat={_HEARTBEAT_SECONDS}&name={quote(self._client, '')}{tls}",
            transport_factory=self._transport,
        )
        await self._connection.connect()
        self._servers.insert(0, self._servers.pop())
        self._channel = await self._connection.channel(publisher_confirms=False)
        return self._channel


_CODES: tuple[tuple[type[AMQPError], str, str], ...] = (
    # exception, part of its text, code; the first that fits
    (ProbableAuthenticationError, "", "auth"),
    (AuthenticationError, "", "auth"),
    # The vhost is missing or not this user's: aiormq 7.2 hides the broker's words behind a frame it didn't expect.
    (ConnectionNotAllowed, "", "vhost-refused"),
    (InvalidFrameError, "OpenOk", "vhost-refused"),
    (ChannelAccessRefused, "", "denied"),
    (ChannelNotFoundEntity, "no exchange", "exchange-missing"),
    (ChannelNotFoundEntity, "no queue", "queue-missing"),
    (ChannelNotFoundEntity, "", "queue-down"),
    (ConnectionClosed, "CONNECTION_FORCED", "stopping"),
)


def _code(error: Exception) -> str:
    text = str(error)
    for kind, part, code in _CODES:
        if isinstance(error, kind) and part in text:
            return code
    if isinstance(error, (ChannelInvalidStateError, ConnectionError)):
        # aiormq turns an OSError into its own, with errno (where there is one) as the first argument.
        number = error.args[0] if error.args else None
        return failure_code(OSError(number, "")) if isinstance(number, int) else "connection-lost"
    return failure_code(error)
