"""The log: one JSON object a line, never a secret."""

import json
import logging
import sys

from reference_service.log import JsonFormatter


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("some.logger", logging.WARNING, __file__, 1, message, None, None)
    made.__dict__.update(extra)
    return made


def test_a_line_is_one_object_with_the_fields_that_every_line_has():
    line = JsonFormatter("event-bus").format(record("two\nlines", fields={"component": "redis", "message": "no"}))
    assert "\n" not in line
    document = json.loads(line)
    assert list(document) == ["ts", "level", "logger", "message", "service", "component"]
    assert document["level"] == "warning"
    assert document["message"] == "two\nlines"
    assert document["service"] == "event-bus"


def test_a_known_secret_never_reaches_the_log():
    formatter = JsonFormatter("event-bus", secrets=("s3cret", "s3cret-longer", ""))
    try:
        raise ValueError("password s3cret-longer refused")
    except ValueError:
        made = record(
            "amqp://svc:s3cret@host", fields={"error": "s3cret", "other": ["s3cret"]}, exc_info=sys.exc_info()
        )
    line = formatter.format(made)
    assert "s3cret" not in line
    assert "-longer" not in line
    assert "ValueError" in line
