"""Which kind of server a url opens, and what is said where its driver is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from syncengine.model.errors import InputError
from syncengine.model.pair import Limits, Role, ServerSettings
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
    assert f"pip install '.[{package.rpartition('.')[2]}]'" in error.value.hint
