"""Which kind of server a url opens, and what is said where its driver is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from syncengine.model.errors import InputError
from syncengine.model.pair import Limits, Role, ServerSettings
from syncengine.servers.driver_loading import INFORMIX, POSTGRESQL, Driver, loading
from syncengine.servers.kinds import open_server


@pytest.mark.parametrize(
    ("scheme", "driver", "package"),
    [
        ("informix+ibm_db", "ibm_db", "syncengine.servers.informix"),
        ("postgresql", "adbc_driver_postgresql", "syncengine.servers.postgresql"),
        ("postgresql", "sqlalchemy", "syncengine.servers.postgresql"),
    ],
)
def test_a_driver_that_is_missing_is_named_with_what_to_install(
    scheme: str, driver: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a driver is not installed, one sentence says for which server, and what to type."""
    for module in [
        name for name in sys.modules if name.startswith(f"{package}.") or name == "syncengine.servers.connections"
    ]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, driver, None)
    url = f"{scheme}://sync:secret@127.0.0.1:1/cms"

    with pytest.raises(InputError) as error:
        open_server(ServerSettings(Role.PRIMARY, url, url), tmp_path, writable=False, limits=Limits())

    assert error.value.message.startswith("primary: the driver for ")
    assert f"is not installed ({driver})" in error.value.message
    assert f"pip install '.[{package.rpartition('.')[2]}]'" in error.value.hint


LACKING = {
    "libcrypt.so.1: cannot open shared object file: No such file or directory": (
        "the system has no libcrypt.so.1",
        "dnf install libxcrypt-compat, on Debian apt-get install libcrypt1",
    ),
    "libpam.so.0: cannot open shared object file: No such file or directory": (
        "the system has no libpam.so.0",
        "dnf install pam, on Debian apt-get install libpam0g",
    ),
    "libnobody.so.7: cannot open shared object file: No such file or directory": (
        "libnobody.so.7",
        "package that contains it",
    ),
    "/lib64/libc.so.6: version `GLIBC_2.34' not found (required by /x/libdb2.so.1)": ("lacks GLIBC_2.34", "RHEL 9"),
    "undefined symbol: SQLConnectW": ("undefined symbol: SQLConnectW", "bug report"),
}


@pytest.mark.parametrize("kind", [INFORMIX, POSTGRESQL], ids=lambda kind: kind.extra)
@pytest.mark.parametrize("words", sorted(LACKING))
def test_an_installed_driver_that_lacks_a_library_names_it(kind: Driver, words: str) -> None:
    """A missing library is named with its package, and the message does not say to install the driver."""
    says, hint = LACKING[words]

    with pytest.raises(InputError) as error, loading(Role.PRIMARY, kind):
        raise ImportError(words)

    assert error.value.message.startswith(f"primary: the driver for {kind.kind} is installed, but cannot be loaded: ")
    assert says in error.value.message
    assert hint in error.value.hint
    assert "pip" not in error.value.hint
