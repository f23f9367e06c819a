"""Settings from the environment (systemd's EnvironmentFile=), one class a component.

A component whose HOST (REDIS: NODES) is absent is no part of this stack and isn't checked.
"""

import os
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from reference_service.credentials import CredentialError, read_credential

Name = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9._-]+$")]
Text = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0.05, le=3600)]


class SettingsError(Exception):
    """Settings that can't be run with: one line that names each of them and says what to do."""


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, hide_input_in_errors=True)


class Service(_Settings):
    """The service itself (SERVICE_*)."""

    model_config = SettingsConfigDict(env_prefix="SERVICE_")

    name: Name
    host: Text = "0.0.0.0"  # noqa: S104 (services are meant to be reached; everything else is on loopback)
    port: Port
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Stack(_Settings):
    """The stack the service belongs to (STACK_*)."""

    model_config = SettingsConfigDict(env_prefix="STACK_")

    name: Name


class Timing(_Settings):
    """How often components are checked (HEALTH_*), in seconds."""

    model_config = SettingsConfigDict(env_prefix="HEALTH_")

    interval: Seconds = 2.0
    timeout: Seconds = 1.5
    retry: Seconds = 0.5


class Postgres(_Settings):
    """The PostgreSQL database (POSTGRES_*). `schema_name`, where set, is the event store's schema."""

    model_config = SettingsConfigDict(env_prefix="POSTGRES_", validate_by_name=True)

    host: Text
    port: Port = 5432
    database: Text
    user: Text
    schema_name: Annotated[str | None, Field(validation_alias="POSTGRES_SCHEMA", pattern=r"^[a-z_][a-z0-9_]*$")] = None
    password: SecretStr


class Redis(_Settings):
    """The Redis Cluster (REDIS_*): where to find its nodes."""

    model_config = SettingsConfigDict(env_prefix="REDIS_")

    nodes: Annotated[tuple[tuple[str, int], ...], NoDecode]
    password: SecretStr

    @field_validator("nodes", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return parse_nodes(value) if isinstance(value, str) else value


class RabbitMQ(_Settings):
    """The RabbitMQ broker (RABBITMQ_*). The exchange is checked where it is named."""

    model_config = SettingsConfigDict(env_prefix="RABBITMQ_")

    host: Text
    port: Port = 5672
    vhost: Text = "/"
    user: Text
    exchange: str | None = None
    queue: Text
    password: SecretStr


@dataclass(frozen=True)
class Settings:
    """Everything the service is told."""

    stack: Stack
    service: Service
    timing: Timing
    postgres: Postgres | None
    redis: Redis | None
    rabbitmq: RabbitMQ | None

    def secret_values(self) -> tuple[str, ...]:
        """Return the secrets, for the log to hide them."""
        parts = (self.postgres, self.redis, self.rabbitmq)
        return tuple(part.password.get_secret_value() for part in parts if part)


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
    problems: list[str] = []
    stack = _load(Stack, "STACK_", problems)
    service = _load(Service, "SERVICE_", problems)
    timing = _load(Timing, "HEALTH_", problems)
    postgres = _load_component(Postgres, "POSTGRES_HOST", problems)
    redis = _load_component(Redis, "REDIS_NODES", problems)
    rabbitmq = _load_component(RabbitMQ, "RABBITMQ_HOST", problems)
    if problems or not (stack and service and timing):
        raise SettingsError("; ".join(problems))
    return Settings(stack, service, timing, postgres, redis, rabbitmq)


S = TypeVar("S", bound=_Settings)


def _load_component(kind: type[S], switch: str, problems: list[str]) -> S | None:
    if not os.environ.get(switch):
        return None
    prefix = kind.model_config["env_prefix"]
    try:
        password = read_credential(f"{prefix.lower()}password")
    except CredentialError as error:
        problems.append(str(error))
        # Stands in only so that the other settings are looked at too: problems already end the start-up.
        password = "-"  # noqa: S105
    return _load(kind, prefix, problems, password=SecretStr(password))


def _load(kind: type[S], prefix: str, problems: list[str], **given: SecretStr) -> S | None:
    try:
        return kind(**given)
    except ValidationError as error:
        for item in error.errors():
            field = str(item["loc"][0])
            name = field if field.startswith(prefix) else prefix + field.upper()
            if item["type"] == "missing":
                problems.append(f"setting {name} is missing: set it in the unit's EnvironmentFile")
            else:
                problems.append(f"setting {name} is wrong: {item['msg']}; correct it in the unit's EnvironmentFile")
        return None
