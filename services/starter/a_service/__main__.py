"""Start the service: `python -m a_service`."""

import logging
import os
import socket
import sys

import uvicorn

from .app import create_app
from .log import configure_logging
from .settings import SettingsError, load_settings

log = logging.getLogger(__name__)

# sysexits.h: a setting is missing or wrong.
EX_CONFIG = 78
# sd_listen_fds(3): the first descriptor that systemd hands over.
FIRST_DESCRIPTOR = 3


def main() -> int:
    """Run until SIGTERM; return the process's exit code."""
    configure_logging(os.environ.get("SERVICE_NAME", "a-service"))
    try:
        settings = load_settings()
    except SettingsError as error:
        log.error("%s", error)
        return EX_CONFIG
    configure_logging(settings.service_name, settings.service_log_level, settings.secrets())
    config = uvicorn.Config(
        create_app(settings),
        host=settings.service_host or "0.0.0.0",  # noqa: S104 (it is meant to be reached)
        port=settings.service_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    # systemd holds the port, and hands it over: nobody is refused while this restarts.
    activated = os.environ.get("LISTEN_PID") == str(os.getpid())
    sockets = [socket.socket(fileno=FIRST_DESCRIPTOR)] if activated else None
    uvicorn.Server(config).run(sockets=sockets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
