"""A masked server shows nothing that its url takes from the environment, not even in the causes of an error."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints

import pyarrow as pa
import pytest

from syncengine.model.errors import ServerError, StagingError
from syncengine.model.mask import Mask
from syncengine.model.pair import Role
from syncengine.model.selection import ReadQuery
from syncengine.model.surroundings import Reference, Surroundings, side_effects_of
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.masked import MaskedServer, MaskedSession
from syncengine.servers.masked_errors import masking
from syncengine.servers.protocol import Server, ServerDescription
from tests.builders import Files, build_files, servers_of

HOST = "s3cret-host"
MASK = Mask((("A_HOST", HOST),))


class DriverError(Exception):
    """An error of a driver, which makes its words of what it keeps."""

    def __init__(self, *parts: object) -> None:
        super().__init__(*parts)
        self.parts = {"host": parts[0]}

    def __str__(self) -> str:
        return f"cannot reach {self.parts['host']}"


def raise_in_turn(*errors: BaseException) -> None:
    """Raise the last of some errors, each caused by the one before it."""
    for number, error in enumerate(errors):
        try:
            if number:
                raise error from errors[number - 1]
            raise error
        except BaseException:
            if number + 1 == len(errors):
                raise


def raise_alone() -> None:
    """Raise an error that keeps to itself what it came of."""
    try:
        raise DriverError(HOST)
    except DriverError:
        raise ServerError("lost") from None


@pytest.mark.parametrize(
    "errors",
    [
        (ServerError(f"primary: no host {HOST}.", hint=f"Check {HOST}."),),
        (DriverError(HOST), ServerError("primary: the connection was lost.")),
        (OSError(2, "No such file", f"/srv/{HOST}/x"), DriverError(HOST), StagingError(f"{HOST} is gone.")),
        (KeyError(HOST), ValueError({"host": HOST}), DriverError(HOST)),
        (ExceptionGroup("both", [ServerError(HOST), DriverError("another")]),),
        (DriverError(HOST), KeyboardInterrupt()),
    ],
)
def test_no_error_in_a_chain_shows_it(errors: tuple[BaseException, ...]) -> None:
    """The text, the repr and the trace of an error and of all its causes are without; its kind is what it was."""
    with pytest.raises(BaseException) as raised, masking(MASK):  # noqa: PT011  # of any kind
        raise_in_turn(*errors)

    seen = [str(raised.value), repr(raised.value), *traceback.format_exception(raised.value)]
    assert HOST not in "".join(seen)
    if not isinstance(errors[-1], DriverError | ExceptionGroup):
        assert raised.value is errors[-1]


def test_the_cause_of_an_error_is_still_shown() -> None:
    """A trace shows the words of the driver, masked, and an error raised from None stays so."""
    with pytest.raises(ServerError) as raised, masking(MASK):
        raise_in_turn(DriverError(HOST), ServerError("lost"))
    with pytest.raises(ServerError) as alone, masking(MASK):
        raise_alone()

    assert "cannot reach ${A_HOST}" in "".join(traceback.format_exception(raised.value))
    assert "direct cause" not in "".join(traceback.format_exception(alone.value))


class Failing:
    """A server that fails as soon as it is asked, and while rows are read from it."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def failing(*_: object, **__: object) -> None:
            raise ServerError(f"primary: {name}: no host {HOST}.")

        return failing

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Begin to read."""
        del query
        schema = pa.schema([("a", pa.int64())])

        def batches() -> Any:
            yield pa.record_batch([pa.array([1])], schema=schema)
            raise ServerError(f"primary: no host {HOST}.")

        return pa.RecordBatchReader.from_batches(schema, batches())


def test_no_question_shows_it() -> None:
    """Each method of a server is masked, and so are rows that end in an error on their way."""
    server: Any = MaskedServer(Failing(), MASK)
    methods = [name for name in dir(MaskedServer) if not name.startswith("_") and name != "read"]
    assert len(methods) > 10
    for name in methods:
        with pytest.raises(ServerError, match=r"no host \$\{A_HOST\}"):
            _call(server, name)
    with pytest.raises(ServerError, match=r"no host \$\{A_HOST\}"):
        list(server.read(None))


def _call(server: Any, name: str) -> None:
    given = {"bounds": 2, "highest": 2, "describe": 0, "waiting": 0, "interrupt": 0, "close": 0, "begin": 0}
    found = getattr(server, name)(*[None] * given.get(name, 1))
    if name == "fingerprint":
        list(found)
    elif name in ("begin", "scratch"):
        with found:
            pass


def test_another_server_has_another_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is masked alike is not taken for the same server: a run is not undone on another one."""
    files: Files = build_files(tmp_path)
    with servers_of(files.pair_file) as servers:
        inner = servers[Role.PRIMARY]
        described = inner.describe()
        identities = []
        for host in ("s3cret-host", "s3cret-other"):
            shown: ServerDescription = replace(described, identity=f"cms on {host}", user=host, notes=(f"is {host}",))
            monkeypatch.setattr(DuckDBServer, "describe", lambda _, shown=shown: shown)
            masked = MaskedServer(inner, Mask((("A_HOST", host),))).describe()
            identities.append(masked.identity)
            assert (masked.user, masked.notes) == ("${A_HOST}", ("is ${A_HOST}",))

    assert identities[0] != identities[1]
    assert all(identity.startswith("cms on ${A_HOST} (") for identity in identities)


class Numbered(Failing):
    """A session with a number."""

    id = "pid 913 since 2000-06-05, transaction 7"


def test_the_number_of_a_session_is_left_as_it_is() -> None:
    """A server is asked for a session by its number, which may be the same as that of a port."""
    session: Any = MaskedSession(Numbered(), Mask((("A_PORT", "913"),)))

    assert session.id == Numbered.id


SCHEMA = "s3cret_schema"


def filled(kind: Any, called: str) -> Any:
    """Return a value of a type in which every text, at whatever depth, names the schema of the url."""
    if get_origin(kind) is tuple:
        return (filled(get_args(kind)[0], called),)
    if kind is str:
        return f"{SCHEMA}.f({called})"
    if kind is bool:
        return True
    if issubclass(kind, Enum):
        return [*kind][-1]
    hints = get_type_hints(kind)
    return kind(**{one.name: filled(hints[one.name], one.name) for one in fields(kind)})


def test_every_field_of_the_surroundings_is_masked() -> None:
    """Whatever text of a trigger, a reference, a key, a condition or a counter names the url's schema, it is masked."""
    around = replace(filled(Surroundings, "surroundings"), table="htrunk")

    class SurroundedServer:
        def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
            return dict.fromkeys(names, around)

    server = MaskedServer(cast("Server", SurroundedServer()), Mask((("A_SCHEMA", SCHEMA),)))
    masked = server.surroundings(["htrunk"])["htrunk"]

    assert SCHEMA not in repr(masked)
    assert repr(masked).count("${A_SCHEMA}") == repr(around).count(SCHEMA)
    assert not [effect for effect in side_effects_of(masked) if SCHEMA in repr(effect)]


def test_a_table_with_a_name_from_the_url_is_still_named() -> None:
    """The bare name of a table or a column is shown unmasked, even where the url takes the same word from elsewhere."""
    around = Surroundings("htrunk", refers=(Reference("htrunk_acd", "htrunk", "acds", ("acd",)),))

    class SurroundedServer:
        def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
            return dict.fromkeys(names, around)

    server = MaskedServer(cast("Server", SurroundedServer()), Mask((("A_DATABASE", "htrunk"), ("A_USER", "acds"))))

    (reference,) = server.surroundings(["htrunk"])["htrunk"].refers
    assert (reference.table, reference.to) == ("htrunk", "acds")
