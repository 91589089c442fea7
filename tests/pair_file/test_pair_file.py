"""Pair files: their settings, and all faults at once."""

from __future__ import annotations

import re
import traceback
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from syncengine.app import open_pair
from syncengine.model.errors import InputError, PairFileError
from syncengine.model.grain import Archive
from syncengine.model.pair import Limits, Role
from syncengine.pair_file import read_pair_file
from syncengine.pair_file.schema import LimitsEntry, PairEntry, RetentionEntry, ServerEntry
from tests.builders import build_files

SECRET = "hunter2" + "again"
SERVERS = '[primary]\nurl = "duckdb:///a.duckdb"\n[secondary]\nurl = "duckdb:///b.duckdb"\n'


def written(tmp_path: Path, text: str) -> Path:
    """Write a pair file."""
    file = tmp_path / "pair.toml"
    file.write_text(text)
    return file


def refused(tmp_path: Path, text: str, **environment: str) -> PairFileError:
    """Read a pair file that has faults and return the refusal."""
    with pytest.raises(PairFileError) as error:
        read_pair_file(written(tmp_path, text), environment)
    return error.value


def test_a_pair_file_gives_settings_beside_it(tmp_path: Path) -> None:
    """Keys of the file become settings, missing ones have defaults, and paths start from its folder."""
    file = written(
        tmp_path,
        'as_of = 2000-06-05T07:10:00\ntimezone = "America/Denver"\nspecs = ["mine"]\n'
        "intervals = { default = 30, 2 = 15 }\n"
        "[retention]\ninterval = 31\n[limits]\ndeletions = 7\n" + SERVERS.replace("a.duckdb", "${PLACE}.duckdb"),
    )

    settings = read_pair_file(file, {"PLACE": "here"})

    assert settings.server(Role.PRIMARY).url == "duckdb:///here.duckdb"
    assert settings.server(Role.PRIMARY).shown_url == "duckdb:///${PLACE}.duckdb"
    assert settings.as_of == datetime(2000, 6, 5, 7, 10)
    assert settings.staging == tmp_path / "pair.staging"
    assert settings.specs == (tmp_path / "mine",)
    assert (settings.interval(2), settings.interval(1)) == (15, 30)
    assert (settings.retention.of(Archive.INTERVAL), settings.retention.of(Archive.DAILY)) == (31, None)
    assert settings.limits == Limits(deletions=7)
    assert settings.timezone == "America/Denver"


def test_support_details_show_no_secret(tmp_path: Path) -> None:
    """Point 2: `[support]` is taken as written, except values that a url takes from the environment."""
    text = SERVERS.replace("a.duckdb", "${PLACE}.duckdb") + (
        '[support]\ninstallation = "000 123-4567"\ncontact = "Anna, at cms-denver"\n'
    )

    support = read_pair_file(written(tmp_path, text), {"PLACE": "cms-denver"}).support

    assert (support.installation, support.contact) == ("000 123-4567", "Anna, at ${PLACE}")
    assert support.contract == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('colour = "red"\n' + SERVERS, "colour: unknown key"),
        (SERVERS + "lode = 'x'\n", "secondary.lode: unknown key"),
        ('[primary]\nurl = "duckdb:///a"\n', "secondary: is missing"),
        (SERVERS.replace("duckdb:///a.duckdb", "a.duckdb"), "primary.url: is not a url; write duckdb:///FILE"),
        ('timezone = "Denver"\n' + SERVERS, "timezone: 'Denver' is not a time zone"),
        ('timezone = "../../etc/passwd"\n' + SERVERS, "timezone: '../../etc/passwd' is not a time zone"),
        ("intervals = { default = 20 }\n" + SERVERS, "intervals.default: an interval is 15, 30 or 60 minutes long"),
        ("intervals = { x = 30 }\n" + SERVERS, "intervals.x"),
        ("as_of = 2000-06-05T07:10:00Z\n" + SERVERS, "as_of: is the switch's wall clock and takes no time zone"),
        (SERVERS + "[retention]\ninterval = 63\n", "retention.interval: "),
        (SERVERS + "[limits]\ndeletions = -1\n", "limits.deletions: "),
        (SERVERS + "[limits]\nmemory_mb = '64'\n", "limits.memory_mb: "),
        ("specs = [1]\n" + SERVERS, "specs"),
        ("as_of = 1\nas_of = 2\n" + SERVERS, "not TOML: "),
        (SERVERS + "[support]\ninstallation = '12345'\n", "support.installation: an IL number has 10 digits, not 5"),
        (SERVERS + "[support]\ncontact = ' '\n", "support.contact: is empty; leave the key out"),
        (SERVERS + "[support]\nhelpline = 'a\\tb'\n".replace("'", '"'), "support.helpline: must be one line"),
        (SERVERS + "[support]\nnumber = '1'\n", "support.number: unknown key"),
    ],
)
def test_a_fault_is_reported_with_its_key(tmp_path: Path, text: str, fault: str) -> None:
    """Each fault of a pair file has its key and what is wrong there."""
    found = refused(tmp_path, text).faults

    assert any(one.startswith(fault) for one in found), found


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    """Unknown keys, wrong values, unset secrets and a pair of one server are found in one reading."""
    error = refused(
        tmp_path,
        'colour = "red"\nas_of = "now"\ntimezone = "Denver"\n[primary]\nurl = "duckdb:///${PLACE}"\nlode = "x"\n'
        '[secondary]\nurl = "duckdb:///${PLACE}"\n[limits]\nsamples = -1\n',
    )

    found = "\n".join(error.faults)
    for fault in (
        "colour: unknown key",
        "primary.lode: unknown key",
        "timezone: 'Denver' is not a time zone",
        "as_of: ",
        "limits.samples: ",
        "primary.url: refers to ${PLACE}, which is not set in the environment",
        "secondary.url: names the same server as primary.url; a pair is two servers",
    ):
        assert fault in found
    assert error.message == f"The pair file {tmp_path / 'pair.toml'} has {len(error.faults)} faults:"


def test_a_secret_that_is_not_set_is_named_for_each_server(tmp_path: Path) -> None:
    """A reference to nothing in the environment is a fault, and an empty value counts as nothing."""
    text = SERVERS.replace("a.duckdb", "${ONE}").replace("b.duckdb", "${TWO}")

    error = refused(tmp_path, text, TWO="")

    assert error.faults == (
        "primary.url: refers to ${ONE}, which is not set in the environment",
        "secondary.url: refers to ${TWO}, which is not set in the environment",
    )


@pytest.mark.parametrize(
    "url",
    [
        f"informix://cms:{SECRET}@host/cms",
        f"informix://:{SECRET}@host/cms",
        f"informix://cms:{SECRET}x${{PASSWORD}}@host/cms",
        f"informix://cms:{SECRET}/more@host/cms",
        f"informix://cms:{SECRET}:more@host/cms",
        f"informix://cms:more@{SECRET}@host/cms",
        f"postgresql://host/cms?user=cms&password={SECRET}",
    ],
)
def test_a_password_in_the_url_is_refused_and_never_shown(tmp_path: Path, url: str) -> None:
    """However it is written, a password in the file is a fault, and nothing that is raised repeats it."""
    file = written(tmp_path, SERVERS.replace("duckdb:///a.duckdb", url))

    with pytest.raises(PairFileError) as error:
        read_pair_file(file, {"PASSWORD": "x"})

    assert any(fault.startswith("primary.url: has a password in it") for fault in error.value.faults)
    assert SECRET not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("scheme", ["oracle", "mysql"])
def test_a_password_from_the_environment_is_taken_and_never_shown(tmp_path: Path, scheme: str) -> None:
    """A referenced password is in the url that is used and in nothing that is shown, of unknown kinds of server too."""
    file = written(tmp_path, SERVERS.replace("duckdb:///a.duckdb", f"{scheme}://cms:${{PASSWORD}}@host/cms"))
    environment = {"PASSWORD": SECRET}

    server = read_pair_file(file, environment).primary
    with pytest.raises(InputError) as error:
        open_pair(file, environment=environment).verify()

    assert quote(SECRET, safe="") in server.url
    assert SECRET not in repr(server) + server.shown_url
    assert SECRET not in "".join(traceback.format_exception(error.value))
    assert f"'{scheme}'" in str(error.value)


def test_a_password_keeps_its_signs_in_a_url(tmp_path: Path) -> None:
    """Special characters of a password do not end its part of the url; a path has its slashes."""
    file = written(tmp_path, SERVERS.replace("duckdb:///a.duckdb", "informix://cms:${PASSWORD}@host/cms"))

    assert read_pair_file(file, {"PASSWORD": "a@b/c:d?e"}).primary.url == "informix://cms:a%40b%2Fc%3Ad%3Fe@host/cms"

    file = written(tmp_path, SERVERS.replace("duckdb:///a.duckdb", "duckdb:///${FOLDER}/a.duckdb"))

    assert read_pair_file(file, {"FOLDER": "some/where"}).primary.url == "duckdb:///some/where/a.duckdb"


def test_one_file_by_two_names_is_still_one_server(tmp_path: Path) -> None:
    """Two urls that lead to the same database are refused before anything is compared."""
    files = build_files(tmp_path)
    files.database("secondary").unlink()
    files.database("secondary").symlink_to(files.database("primary"))

    with pytest.raises(InputError, match="Primary and secondary are the same server"):
        files.open().verify(tables=("hsplit",))


def test_a_missing_pair_file_is_reported_with_how_to_get_one(tmp_path: Path) -> None:
    """No file, or a folder in its place, is one sentence of ours."""
    with pytest.raises(PairFileError) as missing:
        read_pair_file(tmp_path / "none.toml", {})
    with pytest.raises(PairFileError, match="cannot be read"):
        read_pair_file(tmp_path, {})

    assert missing.value.message == f"There is no pair file {tmp_path / 'none.toml'}."
    assert "syncengine demo" in missing.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[hooks.reboot]\ncommand = ['x']", "hooks.reboot: 'reboot' is not a hook; there are"),
        ("[hooks.files]\ncommand = 'scp a b'", "hooks.files.command: is not a list; write the arguments one by one"),
        ("[hooks.files.secondary]\ncommand = ['x']", "hooks.files.secondary: is not a list"),
        ("[hooks]\nfiles = ['x']", "hooks.files: is not a table; write the list of arguments as its command"),
        ("[hooks.files]\nprimary = []", "hooks.files.primary: has no program"),
        ("[hooks.files]\nprimary = ['']", "hooks.files.primary: has no program"),
        ('[hooks.files]\nprimary = ["a\\u0000b"]', "hooks.files.primary: has a NUL character"),
        ("[hooks.files]\nprimary = ['x', 1]", "hooks.files.primary.1: is not text; write it in quotes"),
        ("[hooks.files]\ntimeout_seconds = 5", "hooks.files: has no command; write command, primary or secondary"),
        ("[hooks.files]\ncommand = ['x']\ntimeout_seconds = 0", "hooks.files.timeout_seconds: must be 1 or more"),
        ("[hooks.files]\ncommand = ['x']\nshell = true", "hooks.files.shell: unknown key"),
        (
            "[hooks.single-user]\ncommand = ['x']\n[hooks.multi-user]\nprimary = ['x']",
            "hooks.single-user: no hook returns secondary to multi-user mode; write a hook multi-user for it too",
        ),
    ],
)
def test_invalid_hooks(tmp_path: Path, text: str, message: str) -> None:
    """An unknown hook, a command that is not a list, and a server that would stay in single-user mode are faults."""
    error = refused(tmp_path, SERVERS + text)

    assert message in str(error)
    assert len(error.faults) == 1


def test_where_call_history_can_be(tmp_path: Path) -> None:
    """External Call History is on at the primary or at both; anything else is a fault."""
    assert "external_call_history: " in str(refused(tmp_path, 'external_call_history = "secondary"\n' + SERVERS))


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_of_another_editor_is_read(tmp_path: Path, mark: str, end: str) -> None:
    """A byte order mark and the line ends of another system do no harm."""
    file = tmp_path / "pair.toml"
    file.write_bytes((mark + SERVERS.replace("\n", end)).encode())

    assert read_pair_file(file, {}).primary.url == "duckdb:///a.duckdb"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (SERVERS.encode("utf-16"), "line 1 is not UTF-8; save the file in that encoding"),
        (SERVERS.encode() + b"# \xe9", "line 5 is not UTF-8; save the file in that encoding"),
        (b"a = " + b"[" * 5000, "not TOML"),
    ],
)
def test_a_file_that_is_not_toml_is_reported(tmp_path: Path, data: bytes, message: str) -> None:
    """Another encoding, or a broken file, is a fault with its line."""
    file = tmp_path / "pair.toml"
    file.write_bytes(data)

    with pytest.raises(PairFileError, match="has 1 fault:") as error:
        read_pair_file(file, {})

    assert error.value.faults[0].startswith(message)


def test_a_path_that_leads_nowhere_is_reported(tmp_path: Path) -> None:
    """A link to itself and a folder are no pair files."""
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    for path in (tmp_path / "loop.toml", tmp_path):
        with pytest.raises(PairFileError, match=r"cannot be (found|read)"):
            read_pair_file(path, {})


PYDANTIC = re.compile("nput should|valid|[Uu]nable|parse|Tuple|model|dictionar")
WRONG = (
    "true",
    "1",
    "1.5",
    "nan",
    "99999999999999999999",
    "-1",
    "'x'",
    "''",
    "[]",
    "[true]",
    "{}",
    "2000-06-05",
    "06:10:00",
)
KEYS = {
    f"{table}.{name}" if table else name
    for table, entry in (
        ("", PairEntry),
        ("primary", ServerEntry),
        ("limits", LimitsEntry),
        ("retention", RetentionEntry),
    )
    for name in entry.model_fields
} | {"expected.table", "hooks.files.primary", "hooks.files.timeout_seconds", "timetables.flag", "intervals.default"}


@pytest.mark.parametrize("value", WRONG)
def test_faults_are_reported_in_plain_words(tmp_path: Path, value: str) -> None:
    """Whatever a key is set to, it is taken, or reported in plain words."""
    for key in sorted(KEYS):
        text = f"{key} = {value}\n"
        if not key.startswith("primary"):
            text += 'primary.url = "duckdb:///a"\n' if key != "primary" else ""
        text += 'secondary.url = "duckdb:///b"\n' if key != "secondary" else ""
        try:
            read_pair_file(written(tmp_path, text), {})
        except PairFileError as error:
            for fault in error.faults:
                assert not PYDANTIC.search(fault), (key, value, fault)
