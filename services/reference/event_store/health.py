"""What a health check asks the event store, and the words for what it finds."""

import psycopg
from psycopg import errors, sql

# libpq gives a failed connection no SQLSTATE, only text (English with the stack's locale).
_CONNECT_CODES = (
    ("password authentication failed", "auth"),
    ("no pg_hba.conf entry", "auth"),
    ("is not permitted to log in", "auth"),
    ("does not exist", "database-missing"),
    ("starting up", "starting"),
    ("not yet accepting connections", "starting"),
    ("shutting down", "stopping"),
    ("in recovery mode", "starting"),
    ("too many", "too-many-connections"),
    ("remaining connection slots", "too-many-connections"),
    ("Connection refused", "refused"),
    ("closed the connection unexpectedly", "connection-lost"),
    ("could not translate host name", "unreachable"),
    ("timeout expired", "timeout"),
)

# A service may select events and execute append: both are what its application lives on.
_PROBE = """
select exists (select from {schema}.events limit 1),
       exists (select from pg_catalog.pg_proc
               where proname = 'append' and pronamespace = pg_catalog.to_regnamespace({name})
                 and pg_catalog.has_function_privilege(oid, 'execute'))
"""


def probe_query(schema: str = "event_store") -> sql.Composed:
    """Return a query of one row, whose second column tells whether this user may append. It fails where there is no
    event store, or this user may not read it.
    """
    return sql.SQL(_PROBE).format(schema=sql.Identifier(schema), name=sql.Literal(schema))


def failure_code(error: psycopg.Error) -> str | None:
    """Return a stable word for what PostgreSQL or the way to it failed by.

    None where it is the network's own error, which is the error's cause.
    """
    match error:
        case errors.InvalidAuthorizationSpecification() | errors.InvalidPassword():
            return "auth"
        case errors.InsufficientPrivilege():
            return "denied"
        case errors.UndefinedTable() | errors.InvalidSchemaName():
            return "schema-missing"
        case errors.AdminShutdown() | errors.CrashShutdown():
            return "stopping"
        case errors.QueryCanceled():
            return "timeout"
        case errors.OperationalError():
            text = str(error)
            for part, code in _CONNECT_CODES:
                if part in text:
                    return code
            return None if error.__cause__ else "connection-lost"
    return "error"
