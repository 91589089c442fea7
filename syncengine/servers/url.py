"""The url of a live server: where it is and how to log in, parsed in the same way for every kind.

SQLAlchemy parses urls too, but cuts an unencoded password at its first @, and the rest would be taken for
a host and shown.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from syncengine.model.errors import InputError, ServerSlowError, ServerUnreachableError
from syncengine.model.never_pickled import NeverPickled
from syncengine.servers.driver_calls import Calls

LOOKUP_SECONDS = 15.0
"""How long the lookup of a host and tries of its addresses may take."""
LISTEN_SECONDS = 3.0
"""How long a plain socket waits before the driver is used, which waits longer and reports less."""
# The password extends to the last @ that a host can follow, so that an unencoded @ cuts nothing off.
URL = re.compile(
    r"(?P<scheme>[a-z0-9+_]+)://(?:(?P<user>[^:@/]*)(?::(?P<password>.*))?@)?"
    r"(?P<host>\[[0-9a-fA-F:.%]+\]|[^@/:?#\[\]]*)(?::(?P<port>[^@/?#]*))?(?:/(?P<database>[^/?#]*))?"
    r"(?:\?(?P<query>[^#]*))?",
    re.DOTALL,
)


# A password that seems to contain a host: what follows its last @ may be a host, or part of the password.
UNCLEAR = re.compile(r"@[^@/?#]+(?::\d+/|/[^@/?#]*\?\w+=)")


@dataclass(frozen=True, slots=True)
class ServerUrl(NeverPickled):
    """Where a server is and how to log in. The password is never part of its text."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    options: tuple[tuple[str, str], ...] = ()
    """Its options, from behind the question mark."""

    @property
    def place(self) -> str:
        """Where the server is, for people."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UrlForm:
    """The form of the url of a kind of server."""

    kind: str
    schemes: tuple[str, ...]
    default_port: int
    options: Collection[str]
    """The names of its options."""
    example: str

    def parse(self, url: str, where: str) -> ServerUrl:
        """Read `SCHEME://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS`, its parts percent-encoded where need be.

        Raises `InputError` that names `where` (like "primary.url") for an invalid url; never shows the password.
        """
        rest, query = self._split_options(url)
        found = URL.fullmatch(rest)
        if found is None or found["scheme"] not in self.schemes:
            raise InputError(f"{where}: is not the url of {self.kind} database.", hint=self.example)
        if UNCLEAR.search(found["password"] or ""):
            raise InputError(
                f"{where}: it is not clear where the password ends.",
                hint="Write each @ of the password, and of what follows the host, as %40.",
            )
        parts = {name: unquote(value or "") for name, value in found.groupdict().items() if name != "query"}
        options = dict(parse_qsl(query or found["query"] or "", keep_blank_values=True))
        return self.checked(parts, options, where)

    def checked(self, parts: Mapping[str, str], options: Mapping[str, str], where: str) -> ServerUrl:
        """Return a url made of its parts (host, port, database, user, password), decoded; raises as `parse` does."""
        for name in ("host", "user", "database"):
            if not parts[name]:
                raise InputError(f"{where}: names no {name}.", hint=self.example)
        port = parts["port"] or str(self.default_port)
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise InputError(f"{where}: the port is not a number.", hint=self.example)
        for name in options:
            if name not in self.options:
                raise InputError(
                    f"{where}: the option {name!r} is not known.", hint=f"Known: {', '.join(self.options)}."
                )
        return ServerUrl(
            host=parts["host"].strip("[]"),
            port=int(port),
            database=parts["database"],
            user=parts["user"],
            password=parts["password"],
            options=tuple(options.items()),
        )

    def _split_options(self, url: str) -> tuple[str, str]:
        """Return a url without its options, and the options: they may contain an @ that no host follows."""
        known = "|".join(re.escape(name) for name in self.options)
        found = re.fullmatch(rf"(?P<rest>.*?@[^@/?#]*/[^@/?#]*)\?(?P<query>(?:{known})=[^#]*)", url, re.DOTALL)
        return (found["rest"], found["query"]) if found else (url, "")


def listening_address(url: ServerUrl, name: str, hint: str) -> str:
    """Return the address of a port that accepts connections; a driver would take longer to report that none does.

    Raises `ServerUnreachableError`; `hint` says what to check where the port refuses.
    """
    # The lookup of a name cannot be ended otherwise.
    calls = Calls(name, LOOKUP_SECONDS)
    try:
        with calls.run(lambda: socket.create_connection((url.host, url.port), timeout=LISTEN_SECONDS)) as connection:
            return str(connection.getpeername()[0])
    except ServerSlowError:
        raise ServerUnreachableError(
            f"{name}: looking up {url.host!r} took longer than {LOOKUP_SECONDS:g} seconds.",
            hint="Check the host in the url, and name resolution here.",
        ) from None
    except socket.gaierror:
        raise ServerUnreachableError(
            f"{name}: there is no host {url.host!r}.", hint="Check the host in the url, and name resolution here."
        ) from None
    except ConnectionRefusedError:
        raise ServerUnreachableError(
            f"{name}: nothing is listening on port {url.port} of {url.host}.", hint=hint
        ) from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        why = "gave no answer" if isinstance(error, TimeoutError) else f"cannot be reached: {reason}"
        raise ServerUnreachableError(
            f"{name}: {url.host}, port {url.port}, {why}.",
            hint="Check the host and port in the url, and the firewall in between.",
        ) from None
