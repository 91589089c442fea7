"""The url of an Informix server, and the driver's connection string made from it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from syncengine.model.errors import InputError, ServerUnreachableError

SCHEMES = ("informix+ibm_db", "informix")
DEFAULT_PORT = 9089
"""The port the vendor's own images give a DRDA alias."""
OPTIONS = {
    "security": "SECURITY",
    "ssl_server_certificate": "SSLServerCertificate",
    "ssl_client_keystoredb": "SSLClientKeystoredb",
    "ssl_client_keystash": "SSLClientKeystash",
    "ssl_client_hostname_validation": "SSLClientHostnameValidation",
    "authentication": "AUTHENTICATION",
    "fet_buf_size": "FET_BUF_SIZE",
}
"""What a url may say after its question mark, and what the driver calls it."""
LOOK_SECONDS = 3.0
"""How long a plain socket waits before the driver, which waits longer and says less, is asked."""


@dataclass(frozen=True, slots=True)
class InformixUrl:
    """Where a server is and how to log in. The password is in no text made from this."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    options: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> str:
        """Where the server is, for people."""
        return f"{self.host}:{self.port}"

    def driver_keywords(self, *, connect_seconds: int, receive_seconds: int) -> dict[str, str]:
        """Return the driver's keywords; the password is left to `connection_string`."""
        keywords = {
            "DATABASE": self.database,
            "HOSTNAME": self.host,
            "PORT": str(self.port),
            "PROTOCOL": "TCPIP",
            "AUTHENTICATION": "SERVER",
            "ConnectTimeout": str(connect_seconds),
            "ReceiveTimeout": str(receive_seconds),
        }
        return keywords | {OPTIONS[name]: value for name, value in self.options}


def parse_url(url: str, where: str) -> InformixUrl:
    """Read `informix+ibm_db://user@host:port/database?options`.

    Raises `InputError` that names `where` (like "primary.url") for what cannot be meant; never shows the password.
    """
    # An underscore is no part of a scheme, by the standard that urlsplit keeps.
    parts = urlsplit(f"informix://{url.partition('://')[2]}")
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise InputError(f"{where}: the port is not a number.", hint=EXAMPLE) from None
    database = unquote(parts.path.lstrip("/"))
    for value, what in ((parts.hostname, "host"), (parts.username, "user"), (database, "database")):
        if not value:
            raise InputError(f"{where}: names no {what}.", hint=EXAMPLE)
    options = tuple(parse_qsl(parts.query, keep_blank_values=True))
    for name, value in options:
        if name not in OPTIONS:
            raise InputError(f"{where}: the option {name!r} is not known.", hint=f"Known: {', '.join(OPTIONS)}.")
        _check(value, where, name)
    found = InformixUrl(
        host=parts.hostname or "",
        port=port,
        database=database,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        options=options,
    )
    for value, what in ((found.host, "host"), (database, "database"), (found.user, "user")):
        _check(value, where, what)
    _check(found.password, where, "password")
    return found


EXAMPLE = "Write informix+ibm_db://USER:${PASSWORD}@HOST:PORT/DATABASE."


def _check(value: str, where: str, what: str) -> None:
    """Refuse what would end a keyword of the connection string early."""
    if any(sign in value for sign in ';{}"') or value != value.strip():
        raise InputError(
            f'{where}: the {what} holds a blank at an end or one of ; {{ }} ", which the driver cannot take.',
            hint=f"Change the {what} on the server.",
        )


def connection_string(keywords: Mapping[str, str], user: str, password: str) -> str:
    """Return the driver's connection string, secret included: it goes to the driver and nowhere else."""
    return "".join(f"{name}={value};" for name, value in {**keywords, "UID": user, "PWD": password}.items())


def look_at(host: str, port: int, name: str) -> str:
    """Say quickly whether anybody listens there, and return the address that does.

    Raises `ServerUnreachableError`; the driver would take five seconds to say as much.
    """
    try:
        with socket.create_connection((host, port), timeout=LOOK_SECONDS) as connection:
            return str(connection.getpeername()[0])
    except socket.gaierror:
        raise ServerUnreachableError(
            f"{name}: there is no host {host!r}.", hint="Check the host in the url, and name resolution here."
        ) from None
    except ConnectionRefusedError:
        raise ServerUnreachableError(
            f"{name}: nobody listens on port {port} of {host}.",
            hint="Check the port in the url: it is that of the drsoctcp alias in the server's sqlhosts. "
            "Is the server up?",
        ) from None
    except OSError as error:
        why = "gave no answer" if isinstance(error, TimeoutError) else f"cannot be reached: {error.strerror or error}"
        raise ServerUnreachableError(
            f"{name}: {host}, port {port}, {why}.",
            hint="Check the host and port in the url, and the firewall in between.",
        ) from None
