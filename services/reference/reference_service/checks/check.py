"""What a check is, and the words for its failures."""

import errno
from dataclasses import dataclass
from typing import Protocol

from reference_service.health import Status


@dataclass(frozen=True)
class Verdict:
    """What a probe found. `seconds` where the figure to tell isn't the probe's own duration."""

    status: Status
    code: str
    seconds: float | None = None


PASS = Verdict("pass", "ok")


class CheckFailed(Exception):
    """The component doesn't do its work; `code` is a stable word that monitors may rely on."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Check(Protocol):
    """A component's check.

    `probe` proves work done, or raises. Being cancelled it hangs up its client before it returns,
    without waiting for an answer from the other side. It keeps its client for the next time only after success.
    """

    name: str

    async def probe(self) -> Verdict:
        """Do the component's work once."""
        ...

    async def close(self) -> None:
        """Let go of the client."""
        ...


_NETWORK_CODES = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "connection-lost",
    errno.EPIPE: "connection-lost",
    errno.ETIMEDOUT: "timeout",
}


def failure_code(error: BaseException) -> str:
    """Return the code for whatever a probe raised: its own, else the network's, else `error`."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, CheckFailed):
            return seen.code
        if isinstance(seen, TimeoutError):
            return "timeout"
        if isinstance(seen, OSError):
            return _NETWORK_CODES.get(seen.errno or 0, "unreachable")
        if isinstance(seen, EOFError):
            return "connection-lost"
        seen = seen.__cause__ or seen.__context__
    return "error"
