"""Settings: from the environment, as the stack sets it; secrets from files, as systemd hands them over.

What is not set is not there: without RABBITMQ_HOST nothing is consumed.
"""

import os
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_PORTS = r"^[1-9]\d{0,4}(,[1-9]\d{0,4})*$"


class SettingsError(Exception):
    """Settings that can't be run with: one line that names each of them, and none of their values."""


class Settings(BaseSettings):
    """Each field is a variable of the same name; a password is a file of that name in the secrets' folder."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    service_name: str = "a-service"
    service_host: str = ""
    service_port: int = Field(default=8099, ge=1, le=65535)
    service_log_level: Literal["debug", "info", "warning", "error"] = "info"

    postgres_host: str
    # Of servers that are somebody else's host and port may be lists: db1,db2 and 5432,5432.
    postgres_port: str = Field(default="5432", pattern=_PORTS)
    postgres_database: str
    postgres_user: str
    postgres_password: SecretStr
    # All services together share postgres.connections of stack.yaml, 100 by default.
    postgres_pool: int = Field(default=5, ge=3, le=50)

    rabbitmq_host: str | None = None
    rabbitmq_port: str = Field(default="5672", pattern=_PORTS)
    # The authority of a broker that is spoken with by TLS.
    rabbitmq_ca: str | None = None
    rabbitmq_vhost: str = "/"
    rabbitmq_user: str = ""
    rabbitmq_password: SecretStr = SecretStr("")
    rabbitmq_queue: str = ""
    rabbitmq_queue_type: Literal["quorum"] = "quorum"
    # Messages that are worked on before the first of them is acknowledged.
    rabbitmq_prefetch: int = Field(default=20, ge=1, le=1000)

    @model_validator(mode="after")
    def _whole_broker(self) -> Self:
        if self.rabbitmq_host is not None:
            if len(self.rabbitmq_port.split(",")) not in (1, len(self.rabbitmq_host.split(","))):
                raise ValueError("RABBITMQ_PORT is one port, or as many as RABBITMQ_HOST has hosts")
            for name in ("rabbitmq_user", "rabbitmq_queue"):
                if not getattr(self, name):
                    raise ValueError(f"{name.upper()} is missing, and RABBITMQ_HOST is set")
            if not self.rabbitmq_password.get_secret_value():
                raise ValueError("the secret rabbitmq_password is missing, and RABBITMQ_HOST is set")
        return self

    def brokers(self) -> list[tuple[str, int]]:
        """Return host and port of each broker: any of them will do."""
        hosts = (self.rabbitmq_host or "").split(",")
        ports = [int(port) for port in self.rabbitmq_port.split(",")]
        return list(zip(hosts, ports if len(ports) == len(hosts) else ports * len(hosts), strict=True))

    def secrets(self) -> tuple[str, ...]:
        """Return the secrets, for the log to hide them."""
        return tuple(secret.get_secret_value() for secret in (self.postgres_password, self.rabbitmq_password))


def load_settings() -> Settings:
    """Read environment and secrets' files. Raises SettingsError with all that is wrong."""
    # systemd's; elsewhere a folder of your own.
    folder = os.environ.get("CREDENTIALS_DIRECTORY") or os.environ.get("STACK_SECRETS_DIR")
    given: dict[str, Any] = {"_secrets_dir": folder} if folder else {}
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        raise SettingsError("; ".join(_told(fault["loc"], fault["msg"]) for fault in faults)) from None


def _told(place: tuple[int | str, ...], message: str) -> str:
    name = ".".join(str(part) for part in place)
    if name.endswith("_password"):
        return f"the secret {name}: {message}"
    return f"{name.upper()}: {message}" if name else message
