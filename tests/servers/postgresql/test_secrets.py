"""The password is the driver's to know: no error, no repr and no line of the log shows it, in any of its forms."""

from __future__ import annotations

import logging
import pickle
import secrets
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest

from syncengine.app import open_pair
from syncengine.model.errors import SyncError
from syncengine.model.pair import Limits, Role
from syncengine.pair_file import read_pair_file
from syncengine.servers.postgresql.errors import error_of, refused_connection, translated
from syncengine.servers.postgresql.server import PostgreSQLServer
from tests.builders import build_files
from tests.servers.postgresql.cluster import LOGIN, PASSWORD, Cluster, Database, environment
from tests.servers.postgresql.conftest import Open
from tests.servers.postgresql.loading import copy_pair

FORMS = (PASSWORD, quote(PASSWORD, safe=""), PASSWORD.replace("\\", "\\\\").replace("'", "\\'"))
needs_server = pytest.mark.postgresql


def shown(error: BaseException) -> str:
    """Return all that can be seen of an error: its text, its repr, and the traceback with what caused it."""
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


@needs_server
@pytest.mark.parametrize(
    "changed",
    [
        ("cms:", "nobody:"),
        ("127.0.0.1", "nohost.invalid"),
        ("127.0.0.1:", "127.0.0.1:1"),
        ("/cms_", "/nowhere_"),
        ("127.0.0.1", "no such host"),
        ("?", "?sslmode=require&"),
        ("?", "?sslrootcert=/nowhere&sslmode=verify-full&"),
        ("?", "?channel_binding=require&"),
        ("?", "?keepalives_idle=nonsense&"),
        ("?", "?schema=nowhere&"),
        ("?", "?unknown=option&"),
    ],
)
def test_no_error_of_connecting_shows_it(
    database: Database, changed: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with the rest of the url, the password is not shown."""
    caplog.set_level(logging.DEBUG)
    url = database.url(application_name="syncengine").replace(*changed, 1)

    with pytest.raises(SyncError) as error:
        PostgreSQLServer(url, Role.PRIMARY, writable=False, limits=Limits())

    seen = shown(error.value) + caplog.text
    assert not [form for form in FORMS if form in seen]


@needs_server
def test_a_wrong_password_is_not_shown_either(database: Database) -> None:
    """What was typed by mistake may be the password of something else."""
    mistaken = secrets.token_hex(4)
    url = database.url_for(f"{LOGIN}:{mistaken}")
    with pytest.raises(SyncError) as error:
        PostgreSQLServer(url, Role.PRIMARY, writable=False, limits=Limits())

    assert mistaken not in shown(error.value)


@needs_server
def test_an_open_server_does_not_show_it(opened: Open) -> None:
    """Neither what a server says of itself nor the repr of its parts has it."""
    with opened(writable=True) as server, server.begin() as session:
        seen = repr([server, vars(server), server.describe(), session, vars(session)])

    assert not [form for form in FORMS if form in seen]


@needs_server
def test_a_pair_takes_it_from_the_environment(tmp_path: Path, running: Cluster) -> None:
    """A pair file names a variable; its value, whatever signs it has, opens the servers and is nowhere shown."""
    files = copy_pair(build_files(tmp_path / "files"), running, tmp_path / "pair")
    try:
        pair = files.open()
        observation = pair.verify(tables=("hsplit",))
        seen = repr([read_pair_file(files.pair_file, environment()), observation])
        with pytest.raises(SyncError) as error:
            open_pair(files.pair_file, environment={"CMS_PASSWORD": "wrong"}).verify(tables=("hsplit",))
    finally:
        files.end()

    assert not [form for form in FORMS if form in seen + files.pair_file.read_text()]
    assert not [form for form in FORMS if form.encode() in pickle.dumps([observation, error.value])]
    assert "the login was refused" in error.value.args[0]


class DriverTextError(Exception):
    """An error whose words hold the password."""


@pytest.mark.parametrize("words", [f"invalid token: {PASSWORD}", f"{PASSWORD}", f"a {PASSWORD} b\nc {PASSWORD}"])
def test_the_drivers_words_are_masked(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an error that quotes it comes out without, and without the one that quotes it as its cause."""
    monkeypatch.setattr("syncengine.servers.postgresql.errors.is_driver_error", bool)

    for error in (
        error_of("primary", DriverTextError(words), PASSWORD),
        refused_connection("p", DriverTextError(words), PASSWORD),
    ):
        assert PASSWORD not in shown(error)
        assert "***" in str(error)
    with pytest.raises(SyncError) as raised, translated("primary", PASSWORD):
        raise DriverTextError(words)
    assert PASSWORD not in shown(raised.value)
