"""Which addresses it can be reached by."""

import socket

import pytest

from reference_service import listener
from reference_service.listener import open_listener

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
