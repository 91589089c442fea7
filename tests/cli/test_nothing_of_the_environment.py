"""What a url takes from the environment is searched for in all that commands print and leave on disk."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from syncengine.model.mask import is_telling
from syncengine.model.pair import Role
from tests.builders import Files, build_files
from tests.cli.terminal import TRUNKS, WINDOW, CommandResult, Typing, drifting_pair
from tests.examples import SOAKING, some_of
from tests.scenes import trunks
from tests.servers.derby.network_server import PASSWORD as DERBY_PASSWORD
from tests.servers.informix.place import InformixPlace
from tests.servers.postgresql.cluster import LOGIN, PASSWORD, Cluster, cluster
from tests.servers.postgresql.loading import WHO_WRITES, PostgreSQLFiles, copy_pair

LIVE = "postgresql://${A_USER}:${A_PASSWORD}@${A_HOST}:${A_PORT}/${A_DATABASE}?schema=${A_SCHEMA}&%s=${A_OPTION}"
COMMANDS = (
    ("verify", *TRUNKS, "--json"),
    ("check", "--json"),
    ("resync", *TRUNKS, "--yes"),
    ("undo", "--yes"),
    ("report", "--json"),
)
MORE_COMMANDS = (
    ("verify", *TRUNKS),
    ("check", "--scratch"),
    ("status",),
    ("status", "--json"),
    ("outages", "--since", "2000-06-05"),
    ("outages", "--since", "2000-06-05", "--json"),
    ("resync", *TRUNKS, "--dry-run"),
    ("resync", *TRUNKS, "--dry-run", "--json"),
    ("backfill", *WINDOW, "--table", "htrunk", "--yes"),
    ("resync", *TRUNKS, "--yes", "--json"),
    ("sync", "--table", "synonyms", "--yes"),
    ("timetables",),
    ("runs",),
    ("runs", "--json"),
    ("report",),
)
"""What is done to a pair; the second ones only in a soak."""
FAILING = (("verify", *TRUNKS, "-vv"), ("resync", *TRUNKS, "--yes", "-vv"), ("check", "-v", "-v"), ("status", "--json"))


def forms(value: str) -> Iterator[str]:
    """Yield a value as it might stand somewhere."""
    yield from (value, quote(value, safe=""), value.upper(), value.lower(), value.replace("\\", "\\\\"))


def shown(values: Mapping[str, str], text: str) -> list[str]:
    """Return the names of those values that stand in a text: words and numbers by themselves, all others anywhere."""
    # Where a trace comes by, and the lines of code there, are no matter of a url.
    text = re.sub(r'^  File ".*\n(?:    .*\n)*', "", text, flags=re.MULTILINE)
    return [
        f"{name} in {text[max(found.start() - 40, 0) : found.end() + 40]!r}"
        for name, value in values.items()
        for form in set(forms(value))
        if is_telling(value) or form == value
        for found in re.finditer(re.escape(form) if is_telling(value) else rf"(?<!\w){re.escape(form)}(?!\w)", text)
    ]


def contents_of(folder: Path, but: Path) -> str:
    """Return all bytes of all files of a folder, and their names, but for one file."""
    files = [path for path in folder.rglob("*") if path.is_file() and path != but]
    assert files
    return "\n".join(f"{path.relative_to(folder)}\n{path.read_bytes().decode('latin-1')}" for path in files)


def all_output(result: CommandResult, logged: pytest.LogCaptureFixture) -> str:
    """Return all output of a command."""
    return f"{result.out}\n{result.err}\n{logged.text}"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return secrets of the environment that no url takes."""
    values = {name: f"env-{secrets.token_hex(6)}" for name in ("AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "OTHER_TOKEN")}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[PostgreSQLFiles, dict[str, str]]]:
    """Return a pair of which each part of each url comes from the environment, and what it takes from there."""
    running: Cluster = cluster()
    built = build_files(
        tmp_path / "built",
        ["htrunk", "synonyms"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530, incalls=9)},
        secondary={"htrunk": trunks(500, 530)},
    )
    files = copy_pair(built, running, tmp_path / "pair")
    shutil.rmtree(tmp_path / "built")
    user = f"login_{secrets.token_hex(4)}"
    running.create_login(user)
    running.admin.run(f"GRANT {LOGIN} TO {user}")
    values: dict[str, str] = {}
    text = files.pair_file.read_text()
    for role, name in ((Role.PRIMARY, "ONE"), (Role.SECONDARY, "TWO")):
        database = files.database(role)
        schema = f"schema_{secrets.token_hex(4)}"
        database.run(f"ALTER SCHEMA public RENAME TO {schema}")
        url = (LIVE % "application_name").replace("A_", f"{name}_")
        text = text.replace(database.url_for(WHO_WRITES), url)
        parts = {
            "USER": user,
            "PASSWORD": PASSWORD,
            "HOST": "127.0.0.1",
            "PORT": str(database.port),
            "DATABASE": database.name,
            "SCHEMA": schema,
            "OPTION": f"called-{secrets.token_hex(4)}",
        }
        values |= {f"{name}_{part}": value for part, value in parts.items()}
    files.pair_file.write_text(text)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    yield files, values
    files.end()
    running.admin.run(f"DROP ROLE {user}")


@pytest.mark.sampled
@pytest.mark.postgresql
def test_no_command_shows_or_stores_what_a_url_of_a_live_server_takes(
    live: tuple[PostgreSQLFiles, dict[str, str]],
    elsewhere: dict[str, str],
    typed: Typing,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither what commands print, as text and as JSON, nor any file they leave has a part of a url in it."""
    files, values = live
    values = values | elsewhere

    for command in (*COMMANDS, *(MORE_COMMANDS if SOAKING else ())):
        result = typed(command[0], "--pair", files.pair_file, *command[1:])
        assert result.code in (0, 3), (command, result.text)
        assert not shown(values, all_output(result, caplog)), command
    assert "${ONE_DATABASE}" in typed("check", "--pair", files.pair_file).out
    assert not shown(values, contents_of(files.folder, files.pair_file))


@pytest.mark.sampled
@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("part", "wrong"),
    some_of(
        [
            ("USER", "nobody-login"),
            ("HOST", "no-such-host.invalid"),
            ("PORT", "913"),
            ("DATABASE", "no-such-database"),
            ("PASSWORD", "mistaken \\ 'pass"),
            ("PORT", "no-port"),
            ("OPTION", "no-such-value"),
            ("SCHEMA", "no-such-schema"),
        ],
        3,
    ),
)
def test_no_error_shows_what_a_url_of_a_live_server_takes(
    part: str,
    wrong: str,
    live: tuple[PostgreSQLFiles, dict[str, str]],
    typed: Typing,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever part is wrong, neither the sentence nor the trace with the words of the driver shows any of them."""
    files, values = live
    values = {**values, f"ONE_{part}": wrong}
    monkeypatch.setenv(f"ONE_{part}", wrong)
    if part == "OPTION":
        files.pair_file.write_text(files.pair_file.read_text().replace("application_name", "keepalives_idle", 1))

    for command in FAILING:
        result = typed(command[0], "--pair", files.pair_file, *command[1:])
        assert result.code not in (0, 3) or command[0] in ("status", "check"), result.text
        assert not shown(values, all_output(result, caplog)), command
    staging = files.folder / "pair.staging"
    assert not staging.exists() or not shown(values, contents_of(staging, files.pair_file))


@pytest.fixture
def over_drda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Files, dict[str, str]]]:
    """Return a pair whose primary is reached over DRDA by a url that takes each part from the environment."""
    place = InformixPlace.make(tmp_path, ["htrunk", "arch_stat", "dcalloc", "acds", "linkex"])
    files = drifting_pair(tmp_path / "files")
    url = "informix+ibm_db://${I_USER}:${I_PASSWORD}@${I_HOST}:${I_PORT}/${I_DATABASE}?authentication=${I_OPTION}"
    files.pair_file.write_text(files.pair_file.read_text().replace("duckdb:///primary.duckdb", url))
    values = {
        "I_USER": "root",
        "I_PASSWORD": DERBY_PASSWORD,
        "I_HOST": "127.0.0.1",
        "I_PORT": str(place.shim.port),
        "I_DATABASE": "cms",
        "I_OPTION": "SERVER",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    yield files, values
    place.end()


@pytest.mark.informix
@pytest.mark.soak
@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("", ""),
        ("USER", "nobody-login"),
        ("PASSWORD", "mistaken-one"),
        ("HOST", "no-such-host.invalid"),
        ("PORT", "913"),
        ("OPTION", "no-such-value"),
    ],
)
def test_nothing_shows_what_a_url_over_drda_takes(
    part: str,
    wrong: str,
    over_drda: tuple[Files, dict[str, str]],
    typed: Typing,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same of IBM's driver, whatever part is wrong, and where none is."""
    files, values = over_drda
    if part:
        values = {**values, f"I_{part}": wrong}
        monkeypatch.setenv(f"I_{part}", wrong)

    for command in FAILING:
        result = typed(command[0], "--pair", files.pair_file, *command[1:])
        # Nothing is archived on that primary, so that a resync is refused.
        assert bool(part) != (result.code in (0, 3, 4)) or command[0] in ("status", "check"), result.text
        # The name of the login may be part of where the files lie.
        assert not shown(values, all_output(result, caplog).replace(str(files.folder), "")), command
    staging = files.folder / "pair.staging"
    assert not staging.exists() or not shown(values, contents_of(staging, files.pair_file))


@pytest.mark.parametrize("harm", ["nothing", "gone", "damaged", "held"])
def test_no_path_of_an_embedded_server_is_shown(
    harm: str,
    tmp_path: Path,
    elsewhere: dict[str, str],
    typed: Typing,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same of the file of an embedded server, whatever has become of it."""
    files = drifting_pair(tmp_path / "files")
    values = {"DUCK_FOLDER": f"folder-{secrets.token_hex(4)}", "DUCK_FILE": f"file_{secrets.token_hex(4)}"}
    place = files.folder / values["DUCK_FOLDER"]
    place.mkdir()
    target = place / f"{values['DUCK_FILE']}.duckdb"
    (files.folder / "secondary.duckdb").rename(target)
    text = files.pair_file.read_text().replace("secondary.duckdb", "${DUCK_FOLDER}/${DUCK_FILE}.duckdb")
    files.pair_file.write_text(text)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    if harm == "gone":
        target.unlink()
    elif harm == "damaged":
        target.write_bytes(b"\0" * 100_000)
    elif harm == "held":
        target.write_bytes(target.read_bytes()[:20_000])

    for command in FAILING:
        result = typed(command[0], "--pair", files.pair_file, *command[1:])
        assert (result.code in (0, 3)) == (harm == "nothing") or command[0] in ("status", "check"), result.text
        assert not shown(values | elsewhere, all_output(result, caplog)), command
    staging = files.folder / "pair.staging"
    assert not staging.exists() or not shown(values | elsewhere, contents_of(staging, files.pair_file))
