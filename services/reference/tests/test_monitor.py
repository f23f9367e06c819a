"""The monitor: background checks that end in time and let go of their client."""

import asyncio

import pytest

from reference_service.checks.check import CheckFailed, Verdict, failure_code
from reference_service.checks.connect import ConnectCheck
from reference_service.checks.event_loop import EventLoopCheck, judge_lag
from reference_service.checks.postgres import PostgresCheck
from reference_service.checks.rabbitmq import RabbitMQCheck
from reference_service.checks.redis import RedisCheck
from reference_service.health import Component
from reference_service.monitor import Board, watch
from reference_service.settings import Dependency, Postgres, RabbitMQ, Redis, Secret, Timing

TIMING = Timing(interval=30, timeout=0.4, retry=0.05)


async def eventually(condition, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def check_on(component: str, port: int):
    match component:
        case "postgres":
            return PostgresCheck(
                Postgres(host="127.0.0.1", port=str(port), database="d", user="u", password=Secret("p")), client="t"
            )
        case "redis":
            return RedisCheck(Redis(nodes=(("127.0.0.1", port),), password=Secret("p")), "t", TIMING.timeout)
        case "rabbitmq":
            settings = RabbitMQ(host="127.0.0.1", port=str(port), user="u", queue="q", password=Secret("p"))
            return RabbitMQCheck(settings, client="t")
    raise AssertionError(component)


async def first_result(check) -> Component:
    board = Board([check.name], TIMING.interval)
    task = asyncio.create_task(watch(check, board, TIMING))
    await eventually(lambda: board.components()[0].code != "starting")
    task.cancel()
    await asyncio.wait([task])
    return board.components()[0]


@pytest.mark.parametrize("component", ["postgres", "redis", "rabbitmq"])
def test_a_stalled_server_is_a_timeout_and_leaves_no_connection(component, stalled_server):
    async def scenario():
        async with stalled_server() as server:
            check = check_on(component, server.port)
            board = Board([component], TIMING.interval)
            task = asyncio.create_task(watch(check, board, TIMING))
            # Several rounds: a leak adds up.
            await eventually(lambda: board.counts[component, "timeout"] >= 3)
            found = board.components()[0]
            task.cancel()
            await asyncio.wait([task])
            await eventually(lambda: server.open == 0)
            return found, server.accepted

    found, accepted = asyncio.run(scenario())
    assert (found.status, found.code) == ("fail", "timeout")
    assert found.result is not None
    assert 0.05 < found.result.latency < 5
    assert accepted >= 3


@pytest.mark.parametrize("component", ["postgres", "redis", "rabbitmq"])
def test_a_port_where_nobody_listens_is_refused(component, unused_tcp_port_number):
    found = asyncio.run(first_result(check_on(component, unused_tcp_port_number)))
    assert (found.status, found.code) == ("fail", "refused")


@pytest.mark.parametrize("component", ["postgres", "redis", "rabbitmq"])
def test_a_server_that_hangs_up_is_a_lost_connection(component):
    async def scenario():
        async def hang_up(reader, writer):
            await reader.read(1)
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        found = await first_result(check_on(component, server.sockets[0].getsockname()[1]))
        server.close()
        return found

    found = asyncio.run(scenario())
    assert (found.status, found.code) == ("fail", "connection-lost")


class ScriptedCheck:
    name = "redis"

    def __init__(self, *outcomes: Verdict | Exception) -> None:
        self.outcomes = list(outcomes)
        self.closed = False

    async def probe(self) -> Verdict:
        outcome = self.outcomes.pop(0) if self.outcomes else Verdict("pass", "ok")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def close(self) -> None:
        self.closed = True


def test_a_failing_component_is_tried_again_after_retry_not_interval():
    async def scenario():
        check = ScriptedCheck(CheckFailed("refused"), CheckFailed("refused"))
        board = Board(["redis"], TIMING.interval)
        task = asyncio.create_task(watch(check, board, TIMING))
        # The interval is 30 s: only retries get here in time.
        await eventually(lambda: board.components()[0].status == "pass")
        task.cancel()
        await asyncio.wait([task])
        return check, board

    check, board = asyncio.run(scenario())
    assert board.counts == {("redis", "refused"): 2, ("redis", "ok"): 1}
    assert check.closed


def test_an_unexpected_exception_is_a_failed_check_and_not_the_end_of_checking():
    found = asyncio.run(first_result(ScriptedCheck(RuntimeError("surprise"))))
    assert (found.status, found.code) == ("fail", "error")


def test_the_event_loop_is_measured_by_its_lag():
    assert asyncio.run(EventLoopCheck().probe()).seconds is not None
    assert judge_lag(0.001).status == "pass"
    assert judge_lag(0.3).status == "warn"
    with pytest.raises(CheckFailed, match="event-loop-stalled"):
        judge_lag(1.0)


def test_codes_come_from_the_first_known_cause():
    wrapped = RuntimeError("driver")
    wrapped.__cause__ = ConnectionRefusedError(111, "refused")
    assert failure_code(wrapped) == "refused"
    assert failure_code(TimeoutError()) == "timeout"
    assert failure_code(ValueError()) == "error"


def test_a_component_of_which_only_the_address_is_known_takes_a_connection_at_each(
    stalled_server, unused_tcp_port_number
):
    def check(*ports: int) -> ConnectCheck:
        return ConnectCheck(Dependency("cache", "datastore", tuple(("127.0.0.1", port) for port in ports)))

    async def scenario():
        async with stalled_server() as server:
            up = await first_result(check(server.port, server.port))
            down = await first_result(check(server.port, unused_tcp_port_number))
            await eventually(lambda: server.open == 0)
            return up, down

    up, down = asyncio.run(scenario())
    assert (up.status, up.code) == ("pass", "ok")
    assert (down.status, down.code) == ("fail", "refused")
