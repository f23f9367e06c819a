"""The log: one JSON object a line on standard output, for the journal. No secret gets into it."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

# What they complain of is told by the health's changes, with fewer words.
_QUIET = ("aio_pika", "aiormq", "psycopg", "psycopg.pool")


class JsonFormatter(logging.Formatter):
    """ts, level, logger, message, service; then what `extra={"fields": {…}}` has."""

    def __init__(self, service: str, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._service = service
        # The longest first: one may be part of another.
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "service": self._service,
        }
        for key, value in getattr(record, "fields", {}).items():
            line.setdefault(key, value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(self._hide(line), ensure_ascii=False, default=lambda value: self._hide(str(value)))

    def _hide(self, value: Any) -> Any:
        match value:
            case str():
                for secret in self._secrets:
                    value = value.replace(secret, "***")
            case dict():
                return {key: self._hide(item) for key, item in value.items()}
            case list() | tuple():
                return [self._hide(item) for item in value]
        return value


def configure_logging(service: str, level: str = "info", secrets: tuple[str, ...] = ()) -> None:
    """Send every logger of the process to standard output as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service, secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
