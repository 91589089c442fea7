"""The url of a PostgreSQL server, and the driver's connection string made from it."""

from __future__ import annotations

from syncengine.servers.url import ServerUrl, UrlForm

SCHEMES = ("postgresql", "postgres")
EXAMPLE = "Write postgresql://USER:${PASSWORD}@HOST:PORT/DATABASE."
CHECK_PORT = "Check the port in the url. Is the server up, and does listen_addresses let it be reached?"
SCHEMA = "schema"
"""The option that names the schema of the tables; without it the login's own search path counts."""
DRIVER_DEFAULTS = {
    "client_encoding": "UTF8",
    "application_name": "syncengine",
    "connect_timeout": "10",
    # A vanished peer is noticed within a minute or two.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""The driver's settings where the url does not give others."""
OPTIONS = (
    SCHEMA,
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslcrl",
    "ssl_min_protocol_version",
    "channel_binding",
    "gssencmode",
    "krbsrvname",
    "passfile",
    "application_name",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
"""The options of a url: the schema of the tables, and what is passed on to the driver."""
FORM = UrlForm("a PostgreSQL", SCHEMES, 5432, OPTIONS, EXAMPLE)


def schema_of(url: ServerUrl) -> str:
    """Return the schema of the tables, empty for the login's own search path."""
    return dict(url.options).get(SCHEMA, "")


def connection_string(url: ServerUrl) -> str:
    """Return the driver's connection string, secret included: it goes to the driver and nowhere else.

    Keywords rather than a url: the driver quotes parts of a url in its errors, which may be the password.
    """
    keywords = {
        **DRIVER_DEFAULTS,
        **{name: value for name, value in url.options if name != SCHEMA},
        "host": url.host,
        "port": str(url.port),
        "dbname": url.database,
        "user": url.user,
    }
    if url.password:
        keywords["password"] = url.password
    return " ".join(f"{name}='{_escaped(value)}'" for name, value in keywords.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
