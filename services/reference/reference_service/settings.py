"""Settings from the environment (systemd's EnvironmentFile=), one class a component with a check of its own.

A component whose HOST (REDIS: NODES) is absent is no part of this stack and isn't checked. SERVICE_DEPENDENCIES
is the table of all that the service needs: of a component that has no class here it says enough to check it.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reference_service.credentials import CredentialError, read_credential
from reference_service.health import Declared

T = TypeVar("T")

_LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """Settings that can't be run with: one line that names each of them and says what to do."""


class Secret:
    """A secret that is printed as stars."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"


@dataclass(frozen=True)
class Service:
    """The service itself (SERVICE_*)."""

    name: str
    host: str
    port: int
    log_level: str


@dataclass(frozen=True)
class Stack:
    """The stack the service belongs to (STACK_*)."""

    name: str


@dataclass(frozen=True)
class Timing:
    """How often components are checked (HEALTH_*), in seconds."""

    interval: float = 2.0
    timeout: float = 1.5
    retry: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """The PostgreSQL database (POSTGRES_*). `schema_name`, where set, is the event store's schema.

    Of several servers host and port are lists, as libpq takes them; the one that takes writes is used.
    """

    host: str
    port: str = "5432"
    database: str
    user: str
    schema_name: str | None = None
    password: Secret


@dataclass(frozen=True)
class Redis:
    """The Redis Cluster (REDIS_*): where to find its nodes.

    `mode` says what they are: of a `cluster`, `sentinel`s that know the server `master`, or a `single` server.
    `ca`: by TLS. `certificate` and `key`: what this side shows there, where it is asked.
    """

    nodes: tuple[tuple[str, int], ...]
    password: Secret
    mode: str = "cluster"
    master: str = "mymaster"
    user: str | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class RabbitMQ:
    """The RabbitMQ broker (RABBITMQ_*). The exchange is checked where it is named.

    Of several brokers, any of which will do, host and port are lists. `ca`: by TLS. `certificate` and `key`: what this
    side shows there, where it is asked.
    """

    host: str
    port: str = "5672"
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    vhost: str = "/"
    user: str
    exchange: str | None = None
    queue: str
    password: Secret


@dataclass(frozen=True)
class Dependency:
    """A row of SERVICE_DEPENDENCIES: what the service needs, and where that is."""

    name: str
    kind: str
    addresses: tuple[tuple[str, int], ...]
    password: Secret | None = None
    check: str | None = None


@dataclass(frozen=True)
class Settings:
    """Everything the service is told."""

    stack: Stack
    service: Service
    timing: Timing
    postgres: Postgres | None
    redis: Redis | None
    rabbitmq: RabbitMQ | None
    dependencies: tuple[Dependency, ...] = ()

    def declared(self) -> dict[str, Declared]:
        """Return what each component is called in a health document."""
        own = {"postgres": self.postgres, "redis": self.redis, "rabbitmq": self.rabbitmq}
        found = {"service": Declared("system", "service:event-loop-lag")}
        for each in self.dependencies:
            # What is only connected to is not what the stack's own check proves.
            check = each.check or each.name if own.get(each.name) else f"{each.name}:connect"
            found[each.name] = Declared(each.kind, check)
        return found

    def secret_values(self) -> tuple[str, ...]:
        """Return the secrets, for the log to hide them."""
        parts = (self.postgres, self.redis, self.rabbitmq, *self.dependencies)
        return tuple({part.password.get_secret_value() for part in parts if part and part.password})


def parse_nodes(text: str) -> tuple[tuple[str, int], ...]:
    """Parse `host:port,host:port`; an IPv6 address stands in brackets. Raises ValueError."""
    nodes = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        host, colon, port = item.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not (host and colon and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
            raise ValueError(f"{item!r} is not HOST:PORT")
        nodes.append((host, int(port)))
    if not nodes:
        raise ValueError("no HOST:PORT in it")
    return tuple(nodes)


def load_settings() -> Settings:
    """Read environment and secrets. Raises SettingsError with every problem in one line."""
    read = _Reader(os.environ)
    settings = Settings(
        stack=Stack(name=read.need("STACK_NAME", _name)),
        service=Service(
            name=read.need("SERVICE_NAME", _name),
            host=read.get("SERVICE_HOST", str, ""),
            port=read.need("SERVICE_PORT", _port),
            log_level=read.get("SERVICE_LOG_LEVEL", _log_level, "info"),
        ),
        timing=Timing(
            interval=read.get("HEALTH_INTERVAL", _seconds, Timing.interval),
            timeout=read.get("HEALTH_TIMEOUT", _seconds, Timing.timeout),
            retry=read.get("HEALTH_RETRY", _seconds, Timing.retry),
        ),
        postgres=_postgres(read) if read.has("POSTGRES_HOST") else None,
        redis=_redis(read) if read.has("REDIS_NODES") else None,
        rabbitmq=_rabbitmq(read) if read.has("RABBITMQ_HOST") else None,
        dependencies=_dependencies(read),
    )
    if read.problems:
        raise SettingsError("; ".join(read.problems))
    return settings


def _postgres(read: "_Reader") -> Postgres:
    return Postgres(
        host=read.need("POSTGRES_HOST", str),
        port=read.get("POSTGRES_PORT", _ports, Postgres.port),
        database=read.need("POSTGRES_DATABASE", str),
        user=read.need("POSTGRES_USER", str),
        schema_name=read.get("POSTGRES_SCHEMA", _schema, None),
        password=read.secret("postgres_password"),
    )


def _redis(read: "_Reader") -> Redis:
    return Redis(
        nodes=read.need("REDIS_NODES", parse_nodes),
        password=read.secret("redis_password"),
        mode=read.get("REDIS_MODE", _redis_mode, Redis.mode),
        master=read.get("REDIS_MASTER", str, Redis.master),
        user=read.get("REDIS_USER", str, None),
        ca=read.get("REDIS_CA", str, None),
        certificate=read.get("REDIS_CERTIFICATE", str, None),
        key=read.get("REDIS_KEY", str, None),
    )


def _rabbitmq(read: "_Reader") -> RabbitMQ:
    return RabbitMQ(
        host=read.need("RABBITMQ_HOST", str),
        port=read.get("RABBITMQ_PORT", _ports, RabbitMQ.port),
        ca=read.get("RABBITMQ_CA", str, None),
        certificate=read.get("RABBITMQ_CERTIFICATE", str, None),
        key=read.get("RABBITMQ_KEY", str, None),
        vhost=read.get("RABBITMQ_VHOST", str, RabbitMQ.vhost),
        user=read.need("RABBITMQ_USER", str),
        exchange=read.get("RABBITMQ_EXCHANGE", str, None),
        queue=read.need("RABBITMQ_QUEUE", str),
        password=read.secret("rabbitmq_password"),
    )


# name, kind, addresses, credential, check
_Row = tuple[str, str, tuple[tuple[str, int], ...], str | None, str | None]


def _dependencies(read: "_Reader") -> tuple[Dependency, ...]:
    no_rows: list[_Row] = []
    return tuple(
        Dependency(name, kind, addresses, read.secret(credential) if credential else None, check)
        for name, kind, addresses, credential, check in read.get("SERVICE_DEPENDENCIES", _rows, no_rows)
    )


@dataclass(frozen=True)
class _Reader:
    """Reads settings and notes what is wrong with them. What it returns is only to be used where nothing is."""

    environ: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Return whether it is set. Empty is not."""
        return bool(self.environ.get(name))

    def need(self, name: str, parse: Callable[[str], T]) -> T:
        """Return a setting that must be there."""
        if not self.has(name):
            self.problems.append(f"setting {name} is missing: set it in the unit's EnvironmentFile")
        return self.get(name, parse, None)  # type: ignore[return-value]

    def get(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Return a setting, or its default."""
        if not self.has(name):
            return default
        try:
            return parse(self.environ[name])
        except ValueError as error:
            self.problems.append(f"setting {name} is wrong: {error}; correct it in the unit's EnvironmentFile")
            return default

    def secret(self, name: str) -> Secret:
        """Return a secret, from its file."""
        try:
            return Secret(read_credential(name, self.environ))
        except CredentialError as error:
            self.problems.append(str(error))
            return Secret("")


def _rows(text: str) -> list[_Row]:
    try:
        return [
            (
                _name(row["name"]),
                _name(row["kind"]),
                parse_nodes(",".join(row["addresses"])),
                row.get("credential"),
                row.get("check"),
            )
            for row in json.loads(text)
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"must be a table of name, kind, addresses and credential ({error!r})") from None


def _name(text: str) -> str:
    return _matching(text, r"[A-Za-z0-9._-]+", "letters, digits, dots, dashes and underscores")


def _schema(text: str) -> str | None:
    return _matching(text, r"[a-z_][a-z0-9_]*", "small letters, digits and underscores")


def _matching(text: str, pattern: str, words: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"must be of {words}")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ValueError("must be a port, 1 to 65535")
    return int(text)


def _redis_mode(text: str) -> str:
    if text not in ("cluster", "sentinel", "single"):
        raise ValueError("must be one of cluster, sentinel, single")
    return text


def _ports(text: str) -> str:
    return ",".join(str(_port(part)) for part in text.split(","))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.05 <= seconds <= 3600:
        raise ValueError("must be seconds, 0.05 to 3600")
    return seconds


def _log_level(text: str) -> str:
    if text not in _LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(_LOG_LEVELS)}")
    return text
