"""How a service of the stack connects to PostgreSQL."""

from typing import TypedDict


class ConnectionArguments(TypedDict):
    """What psycopg's `connect` takes."""

    host: str
    port: str
    dbname: str
    user: str
    password: str
    application_name: str
    connect_timeout: int
    gssencmode: str


def connection_arguments(
    *, host: str, port: int | str, database: str, user: str, password: str, client: str, timeout: int = 5
) -> ConnectionArguments:
    """Return them. `client` is what pg_stat_activity shows; `timeout` is of connecting, in seconds (2 or more).

    Of several servers host and port are lists with commas, as libpq takes them.
    """
    return {
        "host": host,
        "port": str(port),
        "dbname": database,
        "user": user,
        "password": password,
        "application_name": client,
        "connect_timeout": timeout,
        # It would first look for a Kerberos ticket, each time.
        "gssencmode": "disable",
    }
