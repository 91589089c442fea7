"""Errors of Informix and its driver: every code has its message, and no secret is shown."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from syncengine.model.errors import (
    ServerError,
    ServerLockedError,
    ServerReadOnlyError,
    ServerUnreachableError,
)
from syncengine.servers.informix.errors import (
    MEANINGS,
    WORDS,
    error_of,
    is_lost,
    sqlcode_of,
    translated,
)

LOCKS = (-233, -240, -244, -245, -246, -250, -263, -271, -346, -348, -378, -78, -79, -107, -113, -134, -143, -144, -154)
LOST = (-30081, -1224, -30108, -908, -930, -956, -25582, -27001, -27002)
PERMANENT = (-201, -206, -217, -268, -239, -391, -530, -691, -692, -1279, -272, -273, -274, -329, -387, -30082, -1042)
OTHERS = (-458, -710, -255, -256, -1013, -805)


def native(code: int) -> str:
    """Return an error of the server's own, as the driver words it."""
    return f"Statement Execute Failed: [IBM][CLI Driver][IDS/UNIX64] Some words of the server.  SQLCODE={code}"


@pytest.mark.parametrize("code", [*LOCKS, *LOST, *PERMANENT, *OTHERS])
def test_every_code_that_is_known_to_matter_has_a_meaning(code: int) -> None:
    """No code of the vendors' lists of what to retry and what to stop for is left to the general sentence."""
    assert code in MEANINGS


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_code_becomes_one_sentence(code: int) -> None:
    """A code is one sentence that names server and code, with what to try, marked as its kind of fault is."""
    error = error_of("secondary", native(code))

    assert error.message.startswith("secondary: ")
    assert error.message.endswith(f"(SQLCODE {code}).")
    assert error.message.count("\n") == 0
    assert error.hint
    assert error.transient is MEANINGS[code].transient


@pytest.mark.parametrize("code", sorted({*LOCKS, *LOST, -458, -710}))
def test_what_may_pass_is_transient(code: int) -> None:
    """Locks, deadlocks, full lock tables, lost connections, long transactions and altered tables are tried again."""
    assert error_of("primary", native(code)).transient


@pytest.mark.parametrize("code", PERMANENT)
def test_what_will_not_pass_is_permanent(code: int) -> None:
    """Wrong statements, values, logins, names and privileges are not."""
    assert not error_of("primary", native(code)).transient


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (set(LOCKS) - {-134}, ServerLockedError),
        (LOST, ServerUnreachableError),
        ((-951, -952, -329, -30061, -387, -1042, -1013, -23101), ServerUnreachableError),
        ((-140,), ServerReadOnlyError),
        ((-134, -458, -710, -255, -206, -217, -201, -239, -391, -691, -1202, -745, -1279, -131, -272), ServerError),
    ],
)
def test_codes_are_our_kinds_of_error(codes: Collection[int], kind: type[ServerError]) -> None:
    """Each code is the error of ours that says the same."""
    assert {type(error_of("primary", native(code))) for code in codes} == {kind}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_the_driver_s_own_errors_are_known(word: str) -> None:
    """Driver errors without a server's code are recognised by their text."""
    error = error_of("primary", f"[IBM][CLI Driver] {word} Something went wrong.")

    assert error.hint
    assert error.transient is WORDS[word].transient


def test_the_driver_s_number_for_a_timeout_is_not_a_wrong_password() -> None:
    """SQL0952N is a query that took too long, though Informix's own -952 is a refused login."""
    slow = error_of("primary", "[IBM][CLI Driver] SQL0952N  Processing was cancelled.  SQLSTATE=57014 SQLCODE=-952")
    login = error_of("primary", native(-952))

    assert "exceeded its time limit" in slow.message
    assert "login" in login.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'Communication function detecting the error: "connect". Protocol specific error code(s): "111"',
            "nothing is listening",
        ),
        ('function detecting the error: "selectForRecvTimeout". Protocol specific error code(s): "0"', "in time"),
        ('function detecting the error: "recv". Protocol specific error code(s): "104"', "connection was lost"),
    ],
)
def test_a_link_that_fails_says_how(text: str, says: str) -> None:
    """One code of the driver stands for nobody there, somebody silent, and a link that broke."""
    error = error_of("primary", f"[IBM][CLI Driver] SQL30081N  A communication error. {text} SQLCODE=-30081")

    assert isinstance(error, ServerUnreachableError)
    assert says in error.message


@pytest.mark.parametrize(
    ("reason", "says"),
    [("24", "login was refused"), ("1", "expired"), ("17", "not accept this kind of login"), ("19", "locked")],
)
def test_a_refused_login_says_why(reason: str, says: str) -> None:
    """A wrong password, an expired one, a locked login and another kind of server each have their sentence."""
    text = f'SQL30082N  Security processing failed with reason "{reason}" ("SOME WORDS").  SQLSTATE=08001'

    error = error_of("primary", f"[IBM][CLI Driver] {text} SQLCODE=-30082")

    assert isinstance(error, ServerUnreachableError)
    assert says in error.message


def test_an_unknown_code_is_reported_with_the_server_s_message() -> None:
    """An unknown code is reported with the server's message, in one line, and what to do with it."""
    error = error_of("primary", "[IBM][CLI Driver][IDS/UNIX64] A thing\n never seen.  SQLCODE=-9999")

    assert "A thing never seen" in error.message
    assert "-vv" in error.hint
    assert not error.transient


def test_a_password_in_the_words_of_the_driver_is_masked() -> None:
    """Whatever the driver says, the password is not in our error."""
    error = error_of("primary", "[IBM][CLI Driver] Bad keyword PWD=hunter2 here. SQLCODE=-9998", "hunter2")

    assert "hunter2" not in str(error)
    assert "***" in str(error)


def test_an_error_hidden_behind_another_is_found() -> None:
    """Where a commit fails, the driver wraps its own words; they are found behind what it wraps them in."""

    def commit() -> None:
        try:
            raise Exception(native(-458))
        except Exception as error:
            raise SystemError("<built-in function commit> returned a result with an exception set") from error

    with pytest.raises(ServerError, match="SQLCODE -458") as error, translated("primary"):
        commit()
    assert error.value.transient


def test_a_bare_exception_of_a_fetch_is_translated_too() -> None:
    """The driver raises plain exceptions while it fetches: these become ours, and a bug of ours does not."""
    with pytest.raises(ServerUnreachableError), translated("primary"):
        raise Exception("Fetch Failure: [IBM][CLI Driver] CLI0108E  Communication link failure. SQLCODE=-99999")
    with pytest.raises(TypeError), translated("primary"):
        raise TypeError


@pytest.mark.parametrize(
    ("text", "code"), [(native(-206), -206), ("SQL30081N  x", -30081), ("CLI0108E  x", None), ("", None)]
)
def test_the_code_is_found_in_the_text(text: str, code: int | None) -> None:
    """The server's code counts, else the driver's own number."""
    assert sqlcode_of(text) == code


def test_a_lost_connection_is_distinguished_from_other_errors() -> None:
    """Only what means that the connection is of no more use is called lost."""
    assert is_lost(native(-908))
    assert is_lost("CLI0106E  Connection is closed.")
    assert not is_lost(native(-206))
    assert not is_lost("")
