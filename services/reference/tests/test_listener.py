"""Which addresses it can be reached by, and what it takes from systemd."""

import os
import socket
import subprocess
import sys

import pytest

from reference_service import listener
from reference_service.listener import inherited_listener, open_listener

IPV4, IPV6 = "127.0.0.1", "::1"


def reached_by(host: str, port: int) -> list[str]:
    reached = []
    with open_listener(host, port):
        for address in (IPV4, IPV6):
            try:
                socket.create_connection((address, port), timeout=30).close()
                reached.append(address)
            except ConnectionRefusedError:
                pass
    return reached


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_no_host_is_every_address_of_both_families(unused_tcp_port_number):
    assert reached_by("", unused_tcp_port_number) == [IPV4, IPV6]
    assert reached_by("::", unused_tcp_port_number) == [IPV4, IPV6]
    assert reached_by("0.0.0.0", unused_tcp_port_number) == [IPV4]
    assert reached_by(IPV6, unused_tcp_port_number) == [IPV6]


def test_where_there_is_no_ipv6_it_is_every_address_of_ipv4(unused_tcp_port_number, monkeypatch):
    monkeypatch.setattr(listener.socket, "has_dualstack_ipv6", lambda: False)
    assert reached_by("", unused_tcp_port_number) == [IPV4]


# As systemd does: descriptor 3, and the pid of the very process that is to take it.
ACTIVATED = """
import os, sys
from reference_service.listener import ListenError, inherited_listener
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[1])
try:
    print(inherited_listener().getsockname()[1])
except ListenError as error:
    print(error)
"""


def activated(offered: socket.socket, count: str = "1") -> str:
    def hand_over() -> None:
        os.dup2(offered.fileno(), 3)

    command = [sys.executable, "-c", ACTIVATED, count]
    return subprocess.run(
        command, preexec_fn=hand_over, pass_fds=(3, offered.fileno()), check=True, capture_output=True, text=True
    ).stdout.strip()


def test_it_takes_the_socket_that_systemd_has_opened():
    with socket.create_server(("127.0.0.1", 0)) as offered:
        assert activated(offered) == str(offered.getsockname()[1])
        assert activated(offered, "2").startswith("systemd handed over 2 sockets, not one; ")


def test_a_socket_that_takes_no_connections_is_refused():
    with socket.socket() as offered:
        assert activated(offered).startswith("systemd's socket takes no connections; ")
    with socket.socket(type=socket.SOCK_DGRAM) as offered:
        assert "Accept=no" in activated(offered) or "cannot take" in activated(offered)


def test_sockets_of_another_process_are_not_taken():
    assert inherited_listener({}) is None
    assert inherited_listener({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) is None
