"""The url of an Informix server, and the driver's connection string made from it."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.model.errors import InputError
from syncengine.servers.url import ServerUrl, UrlForm

SCHEMES = ("informix+ibm_db", "informix")
EXAMPLE = "Write informix+ibm_db://USER:${PASSWORD}@HOST:PORT/DATABASE."
CHECK_PORT = "Check the port in the url: it is that of the drsoctcp alias in the server's sqlhosts. Is the server up?"
OPTIONS = {
    "security": "SECURITY",
    "ssl_server_certificate": "SSLServerCertificate",
    "ssl_client_keystoredb": "SSLClientKeystoredb",
    "ssl_client_keystash": "SSLClientKeystash",
    "ssl_client_hostname_validation": "SSLClientHostnameValidation",
    "authentication": "AUTHENTICATION",
    "fet_buf_size": "FET_BUF_SIZE",
}
"""The options of a url, and the driver's names for them."""
# 9089 is the port the vendor's own images give a DRDA alias.
FORM = UrlForm("an Informix", SCHEMES, 9089, OPTIONS, EXAMPLE)


def parse_url(url: str, where: str) -> ServerUrl:
    """Read `informix+ibm_db://user@host:port/database?options`.

    Raises `InputError` that names `where` (like "primary.url") for an invalid url; never shows the password.
    """
    return _fit(FORM.parse(url, where), where)


def from_parts(parts: Mapping[str, str], options: Mapping[str, str], where: str) -> ServerUrl:
    """Return the same as `parse_url` for the decoded parts of a url."""
    return _fit(FORM.checked(parts, options, where), where)


def _fit(found: ServerUrl, where: str) -> ServerUrl:
    """Refuse what the driver cannot accept."""
    parts = (("host", found.host), ("database", found.database), ("user", found.user), ("password", found.password))
    for what, value in (*parts, *found.options):
        # These would end a keyword of the connection string early.
        if any(sign in value for sign in ';{}"') or value != value.strip():
            raise InputError(
                f'{where}: the {what} holds a blank at an end or one of ; {{ }} ", which the driver cannot take.',
                hint=f"Change the {what} on the server.",
            )
    return found


def driver_keywords(url: ServerUrl, *, connect_seconds: int, receive_seconds: int) -> dict[str, str]:
    """Return the driver's keywords; the password is left to `connection_string`."""
    keywords = {
        "DATABASE": url.database,
        "HOSTNAME": url.host,
        "PORT": str(url.port),
        "PROTOCOL": "TCPIP",
        "AUTHENTICATION": "SERVER",
        "ConnectTimeout": str(connect_seconds),
        "ReceiveTimeout": str(receive_seconds),
    }
    return keywords | {OPTIONS[name]: value for name, value in url.options}


def connection_string(keywords: Mapping[str, str], user: str, password: str) -> str:
    """Return the driver's connection string, secret included: it goes to the driver and nowhere else."""
    return "".join(f"{name}={value};" for name, value in {**keywords, "UID": user, "PWD": password}.items())
