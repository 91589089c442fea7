"""The url of a PostgreSQL server, and what the driver is told instead of it."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from syncengine.model.errors import InputError, ServerUnreachableError

SCHEMES = ("postgresql", "postgres")
DEFAULT_PORT = 5432
LOOK_SECONDS = 3.0
"""How long a plain socket waits before the driver, which waits longer and says less, is asked."""
# The password goes up to the last @ that a host can follow, so that one that was not encoded cuts nothing off.
URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<user>[^:@/]*)(?::(?P<password>.*))?@)?"
    r"(?P<host>\[[0-9a-fA-F:.%]+\]|[^@/:?#\[\]]*)(?::(?P<port>[^@/?#]*))?(?:/(?P<database>[^/?#]*))?"
    r"(?:\?(?P<query>[^#]*))?",
    re.DOTALL,
)
EXAMPLE = "Write postgresql://USER:${PASSWORD}@HOST:PORT/DATABASE."
OWN = {
    "client_encoding": "UTF8",
    "application_name": "syncengine",
    "connect_timeout": "10",
    # A peer that vanished without a word is noticed within a minute or two.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""What the driver is told where the url does not say otherwise."""
OPTIONS = (
    "schema",
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
"""What a url may say after its question mark: the schema of the tables, and what is passed on to the driver."""


@dataclass(frozen=True, slots=True)
class PostgreSQLUrl:
    """Where a server is and how to log in. The password is in no text made from this but `connection_string`."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    schema: str = ""
    """Where the tables are looked up; empty for the login's own search path."""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> str:
        """Where the server is, for people."""
        return f"{self.host}:{self.port}"


def parse_url(url: str, where: str) -> PostgreSQLUrl:
    """Read `postgresql://user:password@host:port/database?options`, its parts percent-encoded where need be.

    Raises `InputError` that names `where` (like "primary.url") for what cannot be meant; never shows the password.
    """
    found = URL.fullmatch(url)
    if found is None or found["scheme"] not in SCHEMES:
        raise InputError(f"{where}: is not the url of a PostgreSQL database.", hint=EXAMPLE)
    parts = {name: unquote(value or "") for name, value in found.groupdict().items() if name != "query"}
    for name in ("host", "user", "database"):
        if not parts[name]:
            raise InputError(f"{where}: names no {name}.", hint=EXAMPLE)
    port = parts["port"] or str(DEFAULT_PORT)
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(f"{where}: the port is not a number.", hint=EXAMPLE)
    options = dict(parse_qsl(found["query"] or "", keep_blank_values=True))
    for name in options:
        if name not in OPTIONS:
            raise InputError(f"{where}: the option {name!r} is not known.", hint=f"Known: {', '.join(OPTIONS)}.")
    return PostgreSQLUrl(
        host=parts["host"].strip("[]"),
        port=int(port),
        database=parts["database"],
        user=parts["user"],
        password=parts["password"],
        schema=options.pop("schema", ""),
        options=tuple(options.items()),
    )


def connection_string(url: PostgreSQLUrl) -> str:
    """Return what the driver connects by, secret included: it goes to the driver and nowhere else.

    Keywords rather than a url, of which the driver quotes a part in its errors: that may be the password.
    """
    keywords = {
        **OWN,
        **dict(url.options),
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


def look_at(url: PostgreSQLUrl, name: str) -> None:
    """Say quickly whether anybody listens there; raises `ServerUnreachableError`."""
    try:
        socket.create_connection((url.host, url.port), timeout=LOOK_SECONDS).close()
    except socket.gaierror:
        raise ServerUnreachableError(
            f"{name}: there is no host {url.host!r}.", hint="Check the host in the url, and name resolution here."
        ) from None
    except ConnectionRefusedError:
        raise ServerUnreachableError(
            f"{name}: nobody listens on port {url.port} of {url.host}.",
            hint="Check the port in the url. Is the server up, and does listen_addresses let it be reached?",
        ) from None
    except (OSError, UnicodeError) as error:
        told = getattr(error, "strerror", None) or error
        why = "gave no answer" if isinstance(error, TimeoutError) else f"cannot be reached: {told}"
        raise ServerUnreachableError(
            f"{name}: {url.host}, port {url.port}, {why}.",
            hint="Check the host and port in the url, and the firewall in between.",
        ) from None
