"""Loads the drivers of live servers only where they are needed: they are large and need system libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from syncengine.model.errors import InputError
from syncengine.model.pair import Role


@dataclass(frozen=True, slots=True)
class Driver:
    """The driver of a kind of server."""

    kind: str
    extra: str
    """The extra that installs it with syncengine."""
    modules: tuple[str, ...]


INFORMIX = Driver("Informix", "informix", ("ibm_db", "ibm_db_dbi", "sqlalchemy"))
POSTGRESQL = Driver("PostgreSQL", "postgresql", ("adbc_driver_postgresql", "adbc_driver_manager", "sqlalchemy"))

PACKAGES = {
    "libcrypt.so.1": ("libxcrypt-compat", "libcrypt1"),
    "libpam.so.0": ("pam", "libpam0g"),
    "libxml2.so.2": ("libxml2", "libxml2"),
    "libstdc++.so.6": ("libstdc++", "libstdc++6"),
    "libgcc_s.so.1": ("libgcc", "libgcc-s1"),
    "libgssapi_krb5.so.2": ("krb5-libs", "libgssapi-krb5-2"),
}
"""The packages with the system libraries that the drivers need: on RHEL, and on Debian."""
MISSING = re.compile(r"(?P<library>\S+\.so[.\d]*): cannot open shared object file")
TOO_OLD = re.compile(r"version `(?P<version>[\w.]+)' not found")


@contextmanager
def loading(role: Role, driver: Driver) -> Iterator[None]:
    """Distinguish a missing driver from one that lacks a system library: raises `InputError`."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in driver.modules:
            raise
        raise InputError(
            f"{role}: the driver for {driver.kind} is not installed ({error.name}).",
            hint=f"Install it: pip install '.[{driver.extra}]' in the folder of the sources of syncengine.",
        ) from error
    except ImportError as error:
        missing, hint = what_is_missing(str(error))
        raise InputError(
            f"{role}: the driver for {driver.kind} is installed, but cannot be loaded: {missing}.", hint=hint
        ) from error


def what_is_missing(text: str) -> tuple[str, str]:
    """Return what a driver lacks by the loader's message, and how to install it."""
    missing, too_old = MISSING.search(text), TOO_OLD.search(text)
    if missing:
        library = missing["library"].rstrip(":")
        packages = PACKAGES.get(library)
        if packages is None:
            return f"the system has no {library}", "Install the system package that contains it."
        red_hat, debian = packages
        hint = f"Install it: on RHEL dnf install {red_hat}, on Debian apt-get install {debian}."
        return f"the system has no {library}", hint
    if too_old:
        version = too_old["version"]
        return (
            f"the system's C library is too old: it lacks {version}",
            "It needs glibc 2.34 or later: RHEL 9, Debian 12, Ubuntu 22.04.",
        )
    return text, "Run the command again with -vv and attach its output to a bug report."
