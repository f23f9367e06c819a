"""Redis Cluster: every slot served, every primary answers, a key written and read back. Of others: the key alone.

Plain clients, one a node: redis-py's own RedisCluster (8.1) loses sight of connections when a node fails,
and leaves them open until they are garbage.
"""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    NoPermissionError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from reference_service.checks.check import PASS, CheckFailed, Verdict, failure_code
from reference_service.settings import Redis as RedisSettings

SLOTS = 16384
T = TypeVar("T")
Node = tuple[str, int]

_KEY_SECONDS = 30
_CLOSE_SECONDS = 0.2
_UNREACHABLE = (ConnectionError, TimeoutError, OSError)


class RedisCheck:
    """Asks for the cluster's state, then writes and reads `health:SERVICE` on the primary that owns it."""

    name = "redis"

    def __init__(self, settings: RedisSettings, service: str, timeout: float) -> None:
        self._settings = settings
        self._key = f"health:{service}"
        # A stalled node must leave time to ask the others.
        self._timeout = timeout / 3
        self._clients: dict[Node, Redis] = {}
        self._nodes = list(settings.nodes)

    async def probe(self) -> Verdict:
        """Do one round; after a failure all clients are made anew."""
        try:
            verdict = await self._round()
        except RedisError as error:
            await self.close()
            raise CheckFailed(_code(error)) from error
        except BaseException:
            await self.close()
            raise
        if verdict is not PASS:
            await self.close()
        return verdict

    async def close(self) -> None:
        """Close every connection, without waiting for a node that doesn't answer."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            with contextlib.suppress(*_UNREACHABLE, asyncio.TimeoutError):
                await asyncio.wait_for(client.aclose(), _CLOSE_SECONDS)

    async def _round(self) -> Verdict:
        match self._settings.mode:
            case "single":
                await self._first(lambda node: self._write_and_read(self._client(node)))
                return PASS
            case "sentinel":
                asked = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._settings.master)
                master = await self._first(lambda node: _command(self._client(node, known=False), *asked))
                if master is None:
                    raise CheckFailed("no-master")
                await self._write_and_read(self._client((master[0], int(master[1]))))
                return PASS
        return await self._cluster_round()

    async def _first(self, ask: Callable[[Node], Awaitable[T]]) -> T:
        """Ask the first node that answers; the next time it is the first to be asked."""
        failure: Exception = CheckFailed("refused")
        for node in list(self._nodes):
            # Before it answers: a probe may be over while it doesn't.
            self._nodes.remove(node)
            self._nodes.append(node)
            try:
                answer = await ask(node)
            except _UNREACHABLE as error:
                failure = error
            else:
                self._nodes.insert(0, self._nodes.pop())
                return answer
        raise failure

    async def _cluster_round(self) -> Verdict:
        ranges = await self._slot_ranges()
        if sum(last - first + 1 for first, last, _ in ranges) != SLOTS:
            raise CheckFailed("slots-missing")
        primaries = {primary for _, _, primary in ranges}
        # Each is asked itself: for 10 s after a node is back the others' cluster_slots_ok still leaves it out.
        for node in primaries:
            info = await _command(self._client(node), "CLUSTER INFO")
            if info.get("cluster_state") != "ok":
                raise CheckFailed("cluster-down")
        slot = key_slot(self._key.encode())
        owner = next(primary for first, last, primary in ranges if first <= slot <= last)
        await self._write_and_read(self._client(owner))
        # The rest are replicas: the cluster does its work without them.
        for node in self._settings.nodes:
            if node not in primaries:
                try:
                    await _command(self._client(node), "PING")
                except _UNREACHABLE:
                    return Verdict("warn", "node-down")
        return PASS

    async def _slot_ranges(self) -> list[tuple[int, int, Node]]:
        """Ask the first node that answers; a range is (first slot, last slot, primary)."""
        slots = await self._first(lambda node: _command(self._client(node), "CLUSTER SLOTS"))
        return [(first, last, (primary[0], primary[1])) for first, last, primary, *_ in slots]

    async def _write_and_read(self, client: Redis) -> None:
        written = os.urandom(8).hex()
        await client.set(self._key, written, ex=_KEY_SECONDS)
        if await client.get(self._key) != written:
            raise CheckFailed("lost-write")

    def _client(self, node: Node, *, known: bool = True) -> Redis:
        """Of a node; Sentinels are asked as nobody."""
        if node not in self._clients:
            host, port = node
            # Without retries of its own: the monitor tries again, and a failure must show at once.
            self._clients[node] = Redis(
                host=host,
                port=port,
                username=self._settings.user if known else None,
                password=self._settings.password.get_secret_value() if known else None,
                ssl=self._settings.ca is not None,
                ssl_ca_certs=self._settings.ca,
                ssl_certfile=self._settings.certificate,
                ssl_keyfile=self._settings.key,
                ssl_check_hostname=True,
                decode_responses=True,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=self._timeout,
                socket_connect_timeout=self._timeout,
                driver_info=None,
            )
        return self._clients[node]


async def _command(client: Redis, *command: str) -> Any:
    return await client.execute_command(*command)  # type: ignore[no-untyped-call]


def _code(error: RedisError) -> str:
    match error:
        case AuthenticationError():
            return "auth"
        case NoPermissionError():
            return "denied"
        case BusyLoadingError():
            return "starting"
        case TimeoutError():
            return "timeout"
        case ResponseError() if "CLUSTERDOWN" in str(error) or "cluster support disabled" in str(error):
            return "cluster-down"
    code = failure_code(error)
    return "connection-lost" if code == "error" and isinstance(error, ConnectionError) else code
