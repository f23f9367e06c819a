"""Redis Cluster: every slot served, every primary answers, a key written and read back."""

import asyncio
import contextlib
import os

from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ClusterDownError, NoPermissionError, RedisClusterException, RedisError

from reference_service.checks.check import PASS, CheckFailed, Verdict, failure_code
from reference_service.settings import Redis

SLOTS = 16384
_KEY_SECONDS = 30
_CLOSE_SECONDS = 0.2


class RedisCheck:
    """Asks for the cluster's state, then writes and reads `health:SERVICE`."""

    name = "redis"

    def __init__(self, settings: Redis, service: str, timeout: float) -> None:
        self._settings = settings
        self._key = f"health:{service}"
        self._timeout = timeout
        self._cluster: RedisCluster | None = None

    async def probe(self) -> Verdict:
        """Do one round; start with a new client where the last probe failed."""
        try:
            cluster = self._cluster = self._cluster or self._client()
            await cluster.initialize()
            _judge(await cluster.cluster_info(target_nodes=RedisCluster.RANDOM))
            await cluster.ping(target_nodes=RedisCluster.PRIMARIES)
            written = os.urandom(8).hex()
            await cluster.set(self._key, written, ex=_KEY_SECONDS)
            if await cluster.get(self._key) != written:
                raise CheckFailed("lost-write")
        except RedisError as error:
            await self.close()
            raise CheckFailed(_code(error)) from error
        except BaseException:
            await self.close()
            raise
        return PASS

    async def close(self) -> None:
        """Close every connection, without waiting for a node that doesn't answer."""
        cluster, self._cluster = self._cluster, None
        if cluster:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await asyncio.wait_for(cluster.aclose(), _CLOSE_SECONDS)

    def _client(self) -> RedisCluster:
        # Without retries of its own: the monitor tries again, and a failure must show at once.
        return RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in self._settings.nodes],
            password=self._settings.password.get_secret_value(),
            decode_responses=True,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self._timeout,
            socket_connect_timeout=self._timeout,
            driver_info=None,
        )


def _judge(info: dict[str, str]) -> None:
    if info.get("cluster_state") != "ok":
        raise CheckFailed("cluster-down")
    if int(info.get("cluster_slots_ok", 0)) != SLOTS:
        raise CheckFailed("slots-missing")


def _code(error: RedisError) -> str:
    text = str(error)
    if isinstance(error, AuthenticationError) or "WRONGPASS" in text or "NOAUTH" in text:
        return "auth"
    if isinstance(error, NoPermissionError):
        return "denied"
    if isinstance(error, ClusterDownError):
        return "cluster-down"
    if "LOADING" in text or "loading the dataset" in text:
        return "starting"
    code = failure_code(error)
    if code == "error" and isinstance(error, RedisClusterException):
        return "slots-missing" if "not covered" in text or "not all slots" in text.lower() else "cluster-down"
    return code
