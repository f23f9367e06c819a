"""Start the service: `python -m reference_service`.

Start-up is on the critical path of a first boot, so the order here is deliberate: settings and port first
(their errors end the process at once), then the web framework; drivers are loaded after READY=1.
"""

import gc
import logging
import os
import sys

from reference_service.exit_codes import EX_CONFIG, EX_OSERR

log = logging.getLogger("reference_service")


def main() -> int:
    """Run until SIGTERM; return the process's exit code."""
    # Imports only allocate: collecting in between costs a fifth of the start-up time and frees nothing.
    gc.disable()

    from reference_service.log import configure_logging
    from reference_service.settings import SettingsError, load_settings

    configure_logging(service=os.environ.get("SERVICE_NAME", ""))
    try:
        settings = load_settings()
    except SettingsError as error:
        log.error("%s", error)
        return EX_CONFIG

    configure_logging(service=settings.service.name, level=settings.service.log_level, secrets=settings.secret_values())

    from reference_service.listener import ListenError, inherited_listener, open_listener

    try:
        listener = inherited_listener() or open_listener(settings.service.host, settings.service.port)
    except ListenError as error:
        log.error("%s", error)
        return EX_OSERR

    from reference_service.server import serve

    serve(settings, listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
