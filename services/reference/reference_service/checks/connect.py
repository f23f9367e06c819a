"""A component of which no more is known than where it is: each of its addresses takes a connection."""

import asyncio

from reference_service.checks.check import PASS, Verdict
from reference_service.settings import Dependency


class ConnectCheck:
    """Connects to every address, and hangs up."""

    def __init__(self, dependency: Dependency) -> None:
        self.name = dependency.name
        self._addresses = dependency.addresses

    async def probe(self) -> Verdict:
        """Connect once to each."""
        for host, port in self._addresses:
            _, writer = await asyncio.open_connection(host, port)
            writer.transport.abort()
        return PASS

    async def close(self) -> None:
        """Nothing is kept."""
