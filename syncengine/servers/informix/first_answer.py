"""What a port answers to the first request of DRDA: the driver's own message says little about other protocols."""

from __future__ import annotations

import socket
import ssl
import struct
from dataclasses import dataclass
from enum import StrEnum

from syncengine.model.errors import ServerError, ServerSlowError, ServerUnreachableError
from syncengine.servers.informix.errors import DRDA_ALIAS
from syncengine.servers.url import ServerUrl

ANSWER_SECONDS = 3.0
DRDA_SIGN = 0xD0
"""The third byte of every DRDA message."""
TLS_ALERT = 0x15
MOST = 256
SHOWN = 40
"""Bytes of an answer that are shown."""
EBCDIC = "cp500"
EXCSAT, EXTERNAL_NAME, MANAGER_LEVELS = 0x1041, 0x115E, 0x1404
# Agent, SQL, database, security and TCP/IP managers, each with its level: Open Group, DRDA volume 3, EXCSAT.
LEVELS = ((0x1403, 7), (0x2407, 7), (0x240F, 7), (0x1440, 7), (0x1474, 5))
NO_TLS = "the encrypted connection failed"


class AnswerKind(StrEnum):
    """How a port answers."""

    DRDA = "DRDA"
    OTHER = "otherwise"
    CLOSED = "closed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Answer:
    """The kind of an answer, and the part of it that is shown."""

    kind: AnswerKind
    shown: str = ""


def connection_error(url: ServerUrl, name: str, error: ServerError) -> ServerError:
    """Return the error for a failed connection: the driver's own where the port does answer in DRDA."""
    answer = first_answer(url)
    slow = isinstance(error, ServerSlowError)
    match answer.kind:
        case AnswerKind.DRDA:
            if not slow:
                return error
            hint = "It answers, and then hangs: have its administrator check it."
            return ServerUnreachableError(error.message, hint=hint)
        case AnswerKind.NOTHING:
            took = error.message if slow else f"{name}: connecting took too long."
            return ServerUnreachableError(
                f"{took} The port accepts the connection and then sends nothing.",
                hint=f"Either the server hangs, or the port is not a DRDA port. {DRDA_ALIAS}",
            )
        case AnswerKind.CLOSED:
            behaviour = "it accepts the connection and closes it at once"
        case AnswerKind.OTHER:
            behaviour = f"it answers {answer.shown}"
    hint = f"If it requires TLS, add ?security=SSL to the url. {DRDA_ALIAS}" if "TLS" in behaviour else DRDA_ALIAS
    return ServerUnreachableError(f"{name}: the port is not a DRDA port: {behaviour}.", hint=hint)


def first_answer(url: ServerUrl) -> Answer:
    """Send the first request of DRDA to a port, over TLS where the url requires it, and return its answer."""
    try:
        with socket.create_connection((url.host, url.port), timeout=ANSWER_SECONDS) as plain:
            encrypted = dict(url.options).get("security", "").upper() == "SSL"
            with _encrypted(plain) if encrypted else plain as connection:
                connection.sendall(excsat_request())
                reply = connection.recv(MOST)
    except TimeoutError:
        return Answer(AnswerKind.NOTHING)
    except ssl.SSLError as error:
        return Answer(AnswerKind.OTHER, f"without TLS ({error.reason or error})")
    except OSError:
        return Answer(AnswerKind.CLOSED)
    if not reply:
        return Answer(AnswerKind.CLOSED)
    if len(reply) > 2 and reply[2] == DRDA_SIGN:
        return Answer(AnswerKind.DRDA)
    return Answer(AnswerKind.OTHER, _shown(reply))


def excsat_request() -> bytes:
    """Return EXCSAT, in which a DRDA client lists its abilities; the server answers with its own."""
    levels = b"".join(struct.pack(">HH", *one) for one in LEVELS)
    body = _parameter(EXTERNAL_NAME, "syncengine".encode(EBCDIC)) + _parameter(MANAGER_LEVELS, levels)
    command = _parameter(EXCSAT, body)
    return struct.pack(">HBBH", len(command) + 6, DRDA_SIGN, 1, 1) + command


def _parameter(code_point: int, data: bytes) -> bytes:
    return struct.pack(">HH", len(data) + 4, code_point) + data


def _encrypted(plain: socket.socket) -> ssl.SSLSocket:
    """Use TLS without verifying the server: nothing secret is sent, and the driver does verify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


def _shown(reply: bytes) -> str:
    """Return the beginning of an answer: its first line where it is text, else its bytes."""
    line = reply.splitlines()[0][:SHOWN] if reply.splitlines() else b""
    if line.isascii() and line.decode().isprintable() and line.strip():
        return repr(line.decode())
    what = " (a TLS alert)" if reply[0] == TLS_ALERT else ""
    return f"the bytes {reply[:8].hex(' ')}{what}"
