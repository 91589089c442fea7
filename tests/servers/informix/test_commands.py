"""The messages of commands against an Informix that cannot do what was requested."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncengine.model.pair import Role
from tests.builders import Files, build_files
from tests.cli.terminal import TRUNKS, CommandResult, Typing, drifting_pair
from tests.examples import SOAKING, some_of
from tests.scenes import code, trunks
from tests.servers.derby.faults import Drop, Error, Fault
from tests.servers.derby.network_server import PASSWORD, READER
from tests.servers.impostors import ANSWERS, listening, unused_port
from tests.stories.servers import EmbeddedHome, InformixHome, as_text

pytestmark = pytest.mark.informix

RESYNC = ("resync", "--yes", "--pair")
VERIFY = ("verify", "--pair")
URL = "informix+ibm_db://root:${INFORMIX_PASSWORD}@127.0.0.1:PORT/cms"


class LivePair:
    """A drifting pair whose secondary is an Informix; the primary stays a file."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.home = InformixHome.of(files.database(Role.SECONDARY))
        self.configure(self.home.url)

    def configure(self, url: str, settings: str = "") -> None:
        """Write another url for the secondary into the pair file."""
        text = self.files.pair_file.read_text().partition("[secondary]")[0]
        self.files.pair_file.write_text(f'{text}[secondary]\nurl = "{url}"\nload = "r3v8ag.f"\n{settings}\n')

    @property
    def source(self) -> list[tuple[str | None, ...]]:
        """What the primary holds."""
        return as_text(EmbeddedHome(self.files.database(Role.PRIMARY)).rows("htrunk"))

    @property
    def target(self) -> list[tuple[str | None, ...]]:
        """What the secondary holds."""
        return as_text(self.home.rows("htrunk"))


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None) -> Iterator[LivePair]:
    """Give a drifting pair with an Informix secondary."""
    del quick
    monkeypatch.setenv("INFORMIX_PASSWORD", PASSWORD)
    pair = LivePair(drifting_pair(tmp_path))
    yield pair
    pair.home.end()


def is_one_sentence(result: CommandResult) -> bool:
    """Say whether what was text is short, without a trace and without the password."""
    text = result.err.strip()
    return bool(text) and "Traceback" not in text and len(text.splitlines()) <= 3 and PASSWORD not in result.out + text


def wrong_port(url: str) -> str:
    """Return a url with a port nobody listens on."""
    return url.replace("PORT", str(unused_port()))


WRONG: dict[str, tuple[Callable[[str], str], int, str]] = {
    "host": (
        lambda url: url.replace("127.0.0.1", "no-such-host.invalid"),
        1,
        "there is no host 'no-such-host.invalid'",
    ),
    "port": (wrong_port, 1, "nothing is listening on port"),
    "database": (lambda url: url.replace("/cms", "/payroll"), 1, "there is no such database"),
    "login": (lambda url: url.replace("root:", "somebody:"), 1, "the login was refused"),
    "password": (lambda url: url.replace("${INFORMIX_PASSWORD}", "${WRONG_PASSWORD}"), 1, "the login was refused"),
    "option": (lambda url: url + "?colour=red", 2, "'colour'"),
    "no password in the environment": (lambda url: url.replace("INFORMIX_", "UNSET_"), 2, "UNSET_PASSWORD"),
}


@pytest.mark.soak("resync")
@pytest.mark.parametrize("what", sorted(WRONG))
@pytest.mark.parametrize("command", [VERIFY, RESYNC], ids=["verify", "resync"])
def test_a_wrong_url_is_reported(
    live: LivePair, typed: Typing, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], what: str
) -> None:
    """Each part of a url that is wrong has its own sentence, with what to check, and its exit code."""
    wrong, code, sentence = WRONG[what]
    monkeypatch.setenv("WRONG_PASSWORD", "not-it")
    live.configure(wrong(URL).replace("PORT", str(live.home.shim.port)))

    result = typed(*command, live.files.pair_file, *TRUNKS)

    assert result.code == code
    assert is_one_sentence(result)
    assert sentence in result.err
    assert "not-it" not in result.text


@pytest.mark.soak(*sorted(set(ANSWERS) - {"closes", "silent", "SQLI"}))
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_port_of_another_protocol(live: LivePair, typed: Typing, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Answers that are not DRDA, even none, are reported as such, with the alias that is needed."""
    monkeypatch.setattr("syncengine.servers.informix.dialect.CONNECT_SECONDS", 1)
    monkeypatch.setattr("syncengine.servers.informix.first_answer.ANSWER_SECONDS", 1)
    with listening(ANSWERS[name]) as port:
        live.configure(URL.replace("PORT", str(port)))
        result = typed(*VERIFY, live.files.pair_file, *TRUNKS)

    assert result.code == 1
    assert is_one_sentence(result)
    assert "not a DRDA port" in result.err
    assert "drsoctcp" in result.err
    assert ("took too long" in result.err) is (name == "silent")
    assert ("security=SSL" in result.err) is (name == "a TLS alert")


def test_an_expired_password_is_reported(live: LivePair, typed: Typing) -> None:
    """An expired password is distinguished from a wrong one."""
    live.home.shim.set("refuse_login", 0x0E)

    result = typed(*VERIFY, live.files.pair_file, *TRUNKS)

    assert result.code == 1
    assert is_one_sentence(result)
    assert "the password has expired" in result.err


def test_a_login_without_privileges_is_reported(live: LivePair, typed: Typing) -> None:
    """A missing right to read is reported, with the page that lists the least privileges."""
    live.configure(URL.replace("root:", f"{READER}:").replace("PORT", str(live.home.shim.port)))

    result = typed(*VERIFY, live.files.pair_file, *TRUNKS)

    assert result.code == 1
    assert "htrunk: secondary: this login may not read a table" in result.text
    assert "least privileges" in result.text
    assert "Traceback" not in result.err


@pytest.mark.soak
def test_a_login_that_may_only_read_cannot_resync(live: LivePair, typed: Typing) -> None:
    """With privileges to read, verify works, and a resync reports the missing privilege, with nothing written."""
    for table in ("htrunk", "arch_stat", "dcalloc", "acds", "linkex"):
        live.home.run(f"GRANT SELECT ON root.{table} TO {READER}")
    live.configure(URL.replace("root:", f"{READER}:").replace("PORT", str(live.home.shim.port)))
    before = live.target

    verified = typed(*VERIFY, live.files.pair_file, *TRUNKS)
    result = typed(*RESYNC, live.files.pair_file, *TRUNKS)

    assert verified.code == 3
    assert result.code == 1
    assert "this login may not" in result.text
    assert "Traceback" not in result.err
    assert live.target == before


def test_a_missing_table_is_reported(live: LivePair, typed: Typing) -> None:
    """A table that one server lacks is not compared, by name."""
    live.home.run("DROP TABLE root.htrunk")

    result = typed(*VERIFY, live.files.pair_file, *TRUNKS)

    assert result.code == 1
    assert "secondary has no table htrunk" in result.text
    assert "Traceback" not in result.err


@pytest.mark.soak
def test_a_table_that_cannot_be_read_ends_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Typing, quick: None
) -> None:
    """It is named with what the server said, and the other table is compared and repaired."""
    del quick
    monkeypatch.setenv("INFORMIX_PASSWORD", PASSWORD)
    both = {"htrunk": [*trunks(400, 500), *trunks(530, 700)], "hcwc": [code(500)]}
    live = LivePair(build_files(tmp_path, ["htrunk", "hcwc"], both=both, primary={"htrunk": trunks(500, 530)}))
    try:
        live.home.shim.faults.add(Fault(Error(-272), at="any", statement="FROM 'root'[.]hcwc", times=100))

        verified = typed(*VERIFY, live.files.pair_file, "--table", "hcwc", *TRUNKS)
        done = typed(*RESYNC, live.files.pair_file, "--table", "hcwc", *TRUNKS)

        assert (verified.code, done.code) == (1, 5)
        assert "hcwc: secondary: this login may not read a table" in verified.text
        assert "DRIFT 1 table" in verified.text
        assert live.target == live.source
    finally:
        live.home.end()


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("number", "says"),
    some_of(
        [
            (-140, "accepts no writes"),
            (-23104, "code set"),
            (-388, "may not create"),
            (-131, "full"),
            (-458, "too long"),
        ],
        5,
    ),
)
def test_a_server_that_cannot_write_is_reported(live: LivePair, typed: Typing, number: int, says: str) -> None:
    """A standby, a code set, a full disk: a sentence each, exit 1, and the target as it was."""
    before = live.target
    # A log that is full is full under a lock on the table, too.
    for statement in ("UPDATE 'root'", "DELETE FROM 'root'"):
        live.home.shim.faults.add(Fault(Error(number), statement=statement, times=100))

    result = typed(*RESYNC, live.files.pair_file, *TRUNKS)

    assert result.code == 1
    assert says in result.text
    assert f"SQLCODE {number}" in result.text
    assert "Traceback" not in result.err
    assert live.target == before


@pytest.mark.soak
def test_a_passing_fault_is_survived(live: LivePair, typed: Typing, caplog: pytest.LogCaptureFixture) -> None:
    """A deadlock in a step is rolled back and the whole step is done again; the log says so, the run ends in sync."""
    live.home.shim.faults.add(Fault(Error(-143), statement="DELETE FROM 'root'"))

    with caplog.at_level(logging.WARNING):
        result = typed(*RESYNC, live.files.pair_file, *TRUNKS)

    assert result.code == 0, result.text
    assert "waited for each other" in caplog.text
    assert live.target == live.source


UNDISTURBED = {"verify": 3, "resync": 0}
"""The exit code where nothing fails."""


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("command", [VERIFY, RESYNC], ids=["verify", "resync"])
def test_a_server_that_goes_down_between_any_two_statements(
    live: LivePair, typed: Typing, command: tuple[str, ...]
) -> None:
    """From whichever message on a server is gone, a command ends in a sentence and never half-written.

    The same command then ends in sync, once the server is back.
    """
    before, repaired = live.target, live.source
    quiet = 0
    nth = 1
    while not quiet:
        fault = live.home.shim.faults.add(Fault(Drop(), at="any", nth=nth, times=10_000))
        result = typed(*command, live.files.pair_file, *TRUNKS)
        fired = live.home.shim.faults.fired(fault)
        live.home.shim.faults.clear()
        quiet += not fired

        assert "Traceback" not in result.text
        assert PASSWORD not in result.text
        if fired and result.code == UNDISTURBED[command[0]]:
            # It had all its answers, and the server went while the connection was given back.
            assert live.target == (repaired if command == RESYNC else before), nth
        elif fired:
            assert result.code in (1, 5), (nth, result.text)
            assert "secondary" in result.text
            assert live.target in (before, repaired), nth
        nth += (3 if nth < 30 else 7) * (1 if SOAKING else 9)

    assert typed(*RESYNC, live.files.pair_file, *TRUNKS).code == 0
    assert live.target == repaired
