"""The whole process, as systemd runs it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@dataclass
class Running:
    process: subprocess.Popen[str]
    notifications: socket.socket
    url: str

    def get(self, path: str) -> tuple[int, str, bytes]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as response:
                return response.status, response.headers["content-type"], response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["content-type"], error.read()


@pytest.fixture
def running(environment, unused_tcp_port_number, tmp_path) -> Iterator[Running]:
    """A service whose only database, PostgreSQL, isn't there."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
        notifications.bind(path)
        notifications.settimeout(60)
        absent = ("REDIS_NODES", "RABBITMQ_HOST")
        process = subprocess.Popen(
            [sys.executable, "-m", "reference_service"],
            cwd=ROOT,
            env={name: value for name, value in environment.items() if name not in absent}
            | {
                "PATH": os.environ["PATH"],
                "NOTIFY_SOCKET": path,
                "WATCHDOG_USEC": "200000",
                "SERVICE_HOST": "127.0.0.1",
                "SERVICE_PORT": str(unused_tcp_port_number),
                "POSTGRES_PORT": "1",
                "HEALTH_RETRY": "0.1",
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert notifications.recv(100) == b"READY=1"
            yield Running(process, notifications, f"http://127.0.0.1:{unused_tcp_port_number}")
        finally:
            process.kill()
            process.communicate()


def test_a_missing_database_is_a_503_that_names_it_while_the_process_lives(running):
    status, kind, body = running.get("/livez")
    assert (status, kind) == (200, "application/health+json")
    assert json.loads(body)["status"] == "pass"
    code = "starting"
    while code == "starting":
        status, kind, body = running.get("/health")
        code = next(item["code"] for item in json.loads(body)["components"] if item["name"] == "postgres")
    assert (status, kind, code) == (503, "application/health+json", "refused")
    assert [item["name"] for item in json.loads(body)["components"]] == ["service", "postgres"]
    assert running.get("/readyz")[0] == 503
    assert running.get("/health/service")[0] == 200
    assert running.get("/health/postgres")[0] == 503
    assert running.get("/health/redis")[0] == 404
    for path in ("/docs", "/redoc", "/openapi.json", "/", "/health/", "/health/postgres/x", "/livez/"):
        assert running.get(path)[0] == 404


def test_head_has_no_body_and_other_methods_are_refused(running):
    head = urllib.request.Request(running.url + "/livez", method="HEAD")
    with urllib.request.urlopen(head, timeout=30) as answer:
        assert (answer.status, answer.read()) == (200, b"")
        assert int(answer.headers["content-length"]) > 0
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(running.url + "/livez", method="POST"), timeout=30)
    assert caught.value.code == 405
    assert caught.value.headers["allow"] == "GET, HEAD"


def test_metrics_tell_the_same_in_prometheus_form(running):
    status, kind, body = running.get("/metrics")
    assert status == 200
    assert kind.startswith("text/plain")
    assert b'health_component_status{component="postgres",status="fail"} 1.0' in body


def test_metrics_count_requests_by_their_route_and_tell_how_long_they_took(running):
    for path in ("/livez", "/livez", "/health/postgres", "/nothing/here"):
        running.get(path)
    _, _, body = running.get("/metrics")
    assert b'http_requests_total{method="GET",route="/livez",status="200"} 2.0' in body
    assert b'http_requests_total{method="GET",route="/health/COMPONENT",status="503"} 1.0' in body
    assert b'http_requests_total{method="GET",route="other",status="404"} 1.0' in body
    assert b"/nothing" not in body
    assert b'http_request_duration_seconds_bucket{le="+Inf",route="/livez"} 2.0' in body
    assert b'http_request_duration_seconds_count{route="/livez"} 2.0' in body


def test_a_connection_that_was_taken_before_sigterm_still_gets_its_answer(running):
    port = int(running.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        # Taken in order: with this one answered, that one has been taken.
        assert running.get("/livez")[0] == 200
        running.process.send_signal(signal.SIGTERM)
        while running.notifications.recv(100) != b"STOPPING=1":
            pass
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    running.process.communicate(timeout=30)
    assert running.process.returncode == 0


def test_the_watchdog_is_fed_and_sigterm_ends_the_process_cleanly(running):
    assert running.notifications.recv(100) == b"WATCHDOG=1"
    assert running.notifications.recv(100) == b"WATCHDOG=1"
    running.process.send_signal(signal.SIGTERM)
    while (state := running.notifications.recv(100)) == b"WATCHDOG=1":
        pass
    assert state == b"STOPPING=1"
    output, _ = running.process.communicate(timeout=30)
    assert running.process.returncode == 0
    for line in output.splitlines():
        assert {"ts", "level", "logger", "message", "service"} <= json.loads(line).keys()
    assert "s3cret" not in output
