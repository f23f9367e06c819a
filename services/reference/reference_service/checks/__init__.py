"""The components' checks. A driver takes up to 80 ms to import, so each is loaded only when its check is made."""

from collections.abc import Callable
from functools import partial

from reference_service.checks.check import Check
from reference_service.settings import Dependency, Settings


def check_makers(settings: Settings) -> dict[str, Callable[[], Check]]:
    """Return, by component's name, what makes the check of each component of this stack (and loads its driver)."""
    service = settings.service.name
    makers: dict[str, Callable[[], Check]] = {"service": _event_loop}
    if (postgres := settings.postgres) is not None:

        def make_postgres() -> Check:
            from reference_service.checks.postgres import PostgresCheck

            return PostgresCheck(postgres, client=service)

        makers["postgres"] = make_postgres
    if (redis := settings.redis) is not None:

        def make_redis() -> Check:
            from reference_service.checks.redis import RedisCheck

            return RedisCheck(redis, service, settings.timing.timeout)

        makers["redis"] = make_redis
    if (rabbitmq := settings.rabbitmq) is not None:

        def make_rabbitmq() -> Check:
            from reference_service.checks.rabbitmq import RabbitMQCheck

            return RabbitMQCheck(rabbitmq, client=service)

        makers["rabbitmq"] = make_rabbitmq
    for dependency in settings.dependencies:
        makers.setdefault(dependency.name, partial(_connect, dependency))
    return makers


def _connect(dependency: Dependency) -> Check:
    from reference_service.checks.connect import ConnectCheck

    return ConnectCheck(dependency)


def _event_loop() -> Check:
    from reference_service.checks.event_loop import EventLoopCheck

    return EventLoopCheck()
