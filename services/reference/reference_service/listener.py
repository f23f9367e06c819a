"""The listening socket: systemd's, or opened before anything slow so that a taken port is known at once."""

import errno
import os
import socket
from collections.abc import Mapping


class ListenError(Exception):
    """The address can't be listened on; the message names it and says what to do."""


_HINTS = {
    "EADDRINUSE": "another process has this port: find it with ss -ltnp, or change SERVICE_PORT",
    "EADDRNOTAVAIL": "no interface has this address: change SERVICE_HOST",
    "EACCES": "ports below 1024 need a privilege services don't have: change SERVICE_PORT",
}


# sd_listen_fds(3): the first descriptor that systemd hands over.
_FIRST_DESCRIPTOR = 3


def inherited_listener(environ: Mapping[str, str] = os.environ) -> socket.socket | None:
    """Return the socket that systemd holds and has handed over (sd_listen_fds(3)); None where there is none.

    It stays open, and takes connections, while this process restarts. Raises ListenError.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = environ.get("LISTEN_FDS", "")
    if count != "1":
        raise ListenError(
            f"systemd handed over {count or 'no'} sockets, not one; check ListenStream= of its socket unit"
        )
    try:
        listener = socket.socket(fileno=_FIRST_DESCRIPTOR)
        listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ListenError(f"cannot take systemd's socket: {error.strerror}; check the socket unit") from error
    if listener.type != socket.SOCK_STREAM or not listening:
        raise ListenError("systemd's socket takes no connections; use ListenStream= and Accept=no in its socket unit")
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def open_listener(host: str, port: int) -> socket.socket:
    """Bind and listen on host:port (TCP, not inherited by children). Raises ListenError.

    No host, and `::`, is every address of both families; of IPv4 alone where the kernel has no IPv6.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host or '*'}:{port}"
    every = host in ("", "::")
    if every:
        host = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 (services are meant to be reached)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"cannot listen on {where}: {error.strerror}; check SERVICE_HOST") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if every and family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        hint = _HINTS.get(errno.errorcode.get(error.errno or 0, ""), "check SERVICE_HOST and SERVICE_PORT")
        raise ListenError(f"cannot listen on {where}: {error.strerror}; {hint}") from error
    return listener
