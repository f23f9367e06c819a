"""Settings: whole, or refused by one line that names what is wrong and shows no value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from a_service.settings import SettingsError, load_settings


def test_settings_come_from_the_environment_and_secrets_from_files(environment):
    settings = load_settings()
    assert settings.postgres_port == "5432"
    assert settings.postgres_password.get_secret_value() == "postgres-s3cret"
    assert settings.rabbitmq_queue == "stack-a-service"
    assert set(settings.secrets()) == {"postgres-s3cret", "rabbitmq-s3cret"}
    assert "s3cret" not in repr(settings)


def test_without_a_broker_nothing_of_it_is_needed(environment, monkeypatch, tmp_path):
    for name in [name for name in environment if name.startswith("RABBITMQ_")]:
        monkeypatch.delenv(name)
    (tmp_path / "rabbitmq_password").unlink()
    assert load_settings().rabbitmq_host is None


def test_all_that_is_wrong_is_named_at_once(environment, monkeypatch, tmp_path):
    monkeypatch.delenv("POSTGRES_USER")
    monkeypatch.setenv("SERVICE_PORT", "none-of-yours")
    (tmp_path / "postgres_password").unlink()
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    for name in ("POSTGRES_USER", "SERVICE_PORT", "the secret postgres_password"):
        assert name in message
    assert "none-of-yours" not in message


def test_of_several_brokers_each_has_its_port(environment, monkeypatch):
    monkeypatch.setenv("RABBITMQ_HOST", "mq1.lan,mq2.lan")
    monkeypatch.setenv("RABBITMQ_PORT", "5671")
    assert load_settings().brokers() == [("mq1.lan", 5671), ("mq2.lan", 5671)]
    monkeypatch.setenv("RABBITMQ_PORT", "5671,5672")
    assert load_settings().brokers() == [("mq1.lan", 5671), ("mq2.lan", 5672)]
    monkeypatch.setenv("RABBITMQ_PORT", "5671,5672,5673")
    with pytest.raises(SettingsError, match="RABBITMQ_PORT"):
        load_settings()


def test_half_a_broker_is_refused(environment, monkeypatch):
    monkeypatch.delenv("RABBITMQ_QUEUE")
    with pytest.raises(SettingsError, match="RABBITMQ_QUEUE is missing"):
        load_settings()


def test_a_stream_is_no_queue_of_this_consumer(environment, monkeypatch):
    monkeypatch.setenv("RABBITMQ_QUEUE_TYPE", "stream")
    with pytest.raises(SettingsError, match="RABBITMQ_QUEUE_TYPE"):
        load_settings()


def test_a_missing_setting_ends_the_process_with_78_and_one_line(environment):
    given = {name: value for name, value in environment.items() if name != "POSTGRES_HOST"}
    finished = subprocess.run(
        [sys.executable, "-m", "a_service"],
        cwd=Path(__file__).parent.parent,
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 78
    assert len(finished.stdout.splitlines()) == 1
    assert "POSTGRES_HOST" in finished.stdout
