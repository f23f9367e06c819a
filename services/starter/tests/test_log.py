"""The log: one JSON object a line, and never a secret."""

import json
import logging
import sys

from a_service.log import JsonFormatter


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("some.logger", logging.WARNING, __file__, 1, message, None, None)
    made.__dict__.update(extra)
    return made


def test_a_line_is_one_object():
    made = record("two\nlines", fields={"part": "postgres", "message": "no"})
    line = JsonFormatter("a-service").format(made)
    assert "\n" not in line
    document = json.loads(line)
    assert list(document) == ["ts", "level", "logger", "message", "service", "part"]
    assert document["message"] == "two\nlines"


def test_a_secret_never_gets_into_it():
    formatter = JsonFormatter("a-service", secrets=("s3cret", "s3cret-longer", ""))
    try:
        raise ValueError("password s3cret-longer refused")
    except ValueError:
        line = formatter.format(record("amqp://u:s3cret@host", fields={"e": ["s3cret"]}, exc_info=sys.exc_info()))
    assert "s3cret" not in line
    assert "-longer" not in line
    assert "ValueError" in line
