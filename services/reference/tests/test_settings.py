"""Settings: complete or refused, with one line that names what is wrong."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reference_service.checks import check_makers
from reference_service.health import Declared
from reference_service.settings import SettingsError, load_settings, parse_nodes

ROOT = Path(__file__).parent.parent


def test_a_whole_environment_is_read_and_secrets_come_from_files(environment):
    settings = load_settings()
    assert settings.postgres is not None
    assert settings.postgres.port == "5432"
    assert settings.postgres.password.get_secret_value() == "pg-s3cret"
    assert settings.redis is not None
    assert settings.redis.nodes == (("127.0.0.1", 6379), ("127.0.0.1", 6380))
    assert settings.rabbitmq is not None
    assert settings.rabbitmq.vhost == "/stock-analysis"
    assert "s3cret" not in repr(settings)


def test_a_component_without_host_is_not_part_of_the_stack(environment, monkeypatch):
    monkeypatch.delenv("POSTGRES_HOST")
    monkeypatch.setenv("REDIS_NODES", "")
    settings = load_settings()
    assert settings.postgres is None
    assert settings.redis is None


TABLE = """[
  {"name": "postgres", "kind": "datastore", "check": "postgres:writes", "credential": "postgres_password",
   "addresses": ["127.0.0.1:5432"]},
  {"name": "object-store", "kind": "datastore", "check": "object-store:roundtrip", "credential": "s3",
   "addresses": ["127.0.0.1:9000", "127.0.0.1:9001"]},
  {"name": "cache", "kind": "component", "addresses": ["127.0.0.1:11211"]}
]"""


def test_what_the_service_needs_is_a_table_and_each_has_a_check(environment, monkeypatch, tmp_path):
    (tmp_path / "s3").write_text("s3-s3cret")
    monkeypatch.setenv("SERVICE_DEPENDENCIES", TABLE)
    settings = load_settings()
    assert settings.dependencies[1].addresses == (("127.0.0.1", 9000), ("127.0.0.1", 9001))
    assert settings.dependencies[2].password is None
    assert settings.declared() == {
        "service": Declared("system", "service:event-loop-lag"),
        "postgres": Declared("datastore", "postgres:writes"),
        "object-store": Declared("datastore", "object-store:connect"),
        "cache": Declared("component", "cache:connect"),
    }
    assert "s3-s3cret" in settings.secret_values()
    assert "s3cret" not in repr(settings)
    assert list(check_makers(settings)) == ["service", "postgres", "redis", "rabbitmq", "object-store", "cache"]


@pytest.mark.parametrize(
    "text", ["{", "{}x", '[{"name": "a"}]', '[{"name": "a", "kind": "b", "addresses": ["nowhere"]}]', "[1]"]
)
def test_a_table_that_is_none_is_refused(environment, monkeypatch, text):
    monkeypatch.setenv("SERVICE_DEPENDENCIES", text)
    with pytest.raises(SettingsError, match="SERVICE_DEPENDENCIES is wrong"):
        load_settings()


def test_a_dependencys_secret_must_be_there(environment, monkeypatch):
    monkeypatch.setenv("SERVICE_DEPENDENCIES", TABLE)
    with pytest.raises(SettingsError, match="secret s3 is missing"):
        load_settings()


def test_every_problem_is_named_at_once_without_a_secret(environment, monkeypatch, tmp_path):
    monkeypatch.delenv("SERVICE_PORT")
    monkeypatch.delenv("POSTGRES_USER")
    monkeypatch.setenv("REDIS_NODES", "127.0.0.1")
    monkeypatch.setenv("HEALTH_TIMEOUT", "nan")
    (tmp_path / "rabbitmq_password").unlink()
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    for name in ("SERVICE_PORT is missing", "POSTGRES_USER is missing", "REDIS_NODES", "HEALTH_TIMEOUT"):
        assert name in message
    assert "secret rabbitmq_password is missing" in message
    assert "LoadCredential" in message
    assert "s3cret" not in message
    assert "\n" not in message


def test_a_secret_in_the_environment_is_not_taken(environment, monkeypatch, tmp_path):
    (tmp_path / "postgres_password").unlink()
    monkeypatch.setenv("POSTGRES_PASSWORD", "leaky")
    with pytest.raises(SettingsError, match="postgres_password is missing"):
        load_settings()


def test_systemds_credentials_win_over_the_secrets_folder(environment, monkeypatch, tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "postgres_password").write_text("from systemd")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    settings = load_settings()
    assert settings.postgres is not None
    assert settings.postgres.password.get_secret_value() == "from systemd"


def test_an_empty_secret_is_refused(environment, tmp_path):
    (tmp_path / "redis_password").write_text("\n")
    with pytest.raises(SettingsError, match="redis_password is empty"):
        load_settings()


@pytest.mark.parametrize("text", ["localhost", ":6379", "a:0", "a:65536", "a:x", ",", "a:1,b"])
def test_a_malformed_node_is_refused(text):
    with pytest.raises(ValueError, match="HOST:PORT"):
        parse_nodes(text)


def test_an_ipv6_node_stands_in_brackets():
    assert parse_nodes("[::1]:6379, b:1") == (("::1", 6379), ("b", 1))


def run_service(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reference_service"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_missing_setting_ends_the_process_with_ex_config_and_one_line(environment):
    finished = run_service({name: value for name, value in environment.items() if name != "STACK_NAME"})
    assert finished.returncode == 78
    assert len(finished.stdout.splitlines()) == 1
    assert "setting STACK_NAME is missing" in finished.stdout
    assert finished.stderr == ""


def test_a_taken_port_ends_the_process_with_ex_oserr_and_one_line(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        finished = run_service(environment | {"SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": port})
    assert finished.returncode == 71
    assert len(finished.stdout.splitlines()) == 1
    assert f"127.0.0.1:{port}" in finished.stdout


def test_what_a_member_of_a_cluster_shows(environment, monkeypatch):
    for part in ("REDIS", "RABBITMQ"):
        monkeypatch.setenv(f"{part}_CA", "/ca")
        monkeypatch.setenv(f"{part}_CERTIFICATE", "/certificate")
        monkeypatch.setenv(f"{part}_KEY", "/key")
    settings = load_settings()
    for part in (settings.redis, settings.rabbitmq):
        assert part is not None
        assert (part.ca, part.certificate, part.key) == ("/ca", "/certificate", "/key")
