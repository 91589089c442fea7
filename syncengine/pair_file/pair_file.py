"""Reads a pair file into settings; secrets come from the environment and are never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from syncengine.model.checklist import LineKind
from syncengine.model.errors import PairFileError
from syncengine.model.expected import ExpectedRows
from syncengine.model.file_faults import NotTomlError, read_toml, validation_faults
from syncengine.model.grain import Archive
from syncengine.model.mask import REFERENCE, Mask
from syncengine.model.names import folded
from syncengine.model.pair import (
    CallHistory,
    Hook,
    Limits,
    PairSettings,
    Retention,
    Role,
    ServerSettings,
)
from syncengine.model.support import Support
from syncengine.pair_file.schema import PairEntry, ServerEntry


def read_pair_file(path: Path, environment: Mapping[str, str]) -> PairSettings:
    """Read a pair file; relative paths in it start from its folder, so that a copied folder works.

    Raises `PairFileError` that lists every fault with its key.
    """
    file = _found(path)
    raw = _raw(file)
    faults: list[str] = []
    entry: PairEntry | None = None
    try:
        entry = PairEntry.model_validate(raw)
    except ValidationError as error:
        faults += validation_faults(error)
    urls = {role: _url_of(raw, role) for role in Role}
    faults += [fault for role, url in urls.items() for fault in _unset_secrets(role, url, environment)]
    if urls[Role.PRIMARY] and urls[Role.PRIMARY] == urls[Role.SECONDARY]:
        faults.append("secondary.url: names the same server as primary.url; a pair is two servers")
    faults += _left_in_single_user_mode(entry) if entry else []
    if faults or entry is None:
        raise _error(file, faults)
    folder = file.parent
    entries = {Role.PRIMARY: entry.primary, Role.SECONDARY: entry.secondary}
    servers = {role: _server(role, one, environment) for role, one in entries.items()}
    secrets = Mask(tuple(value for server in servers.values() for value in server.mask.values))
    return PairSettings(
        file=file,
        primary=servers[Role.PRIMARY],
        secondary=servers[Role.SECONDARY],
        staging=folder / (entry.staging or f"{file.stem}.staging"),
        as_of=entry.as_of,
        timezone=entry.timezone or "UTC",
        clock_zone=entry.timezone,
        intervals=tuple((None if acd == "default" else int(acd), length) for acd, length in entry.intervals.items()),
        retention=Retention(
            tuple((Archive(name), days) for name, days in entry.retention.model_dump().items() if days is not None)
        ),
        limits=Limits(**entry.limits.model_dump()),
        timetables=entry.timetables.settings,
        specs=tuple(folder / name for name in entry.specs),
        hooks=tuple(_hooks(entry)),
        call_history=CallHistory(entry.external_call_history) if entry.external_call_history else None,
        expected=tuple(
            ExpectedRows(
                folded(one.table), tuple((folded(name), tuple(values)) for name, values in one.where.items()), one.why
            )
            for one in entry.expected
        ),
        support=Support(**{key: secrets.text(text) for key, text in entry.support.model_dump().items()}),
    )


def _found(path: Path) -> Path:
    """Return the path of a pair file from the root, links followed."""
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise PairFileError(
            f"The pair file {path} cannot be found: {error}.", (), hint="Write its path in full."
        ) from None


def _raw(file: Path) -> dict[str, Any]:
    try:
        return read_toml(file.read_bytes())
    except FileNotFoundError:
        raise PairFileError(
            f"There is no pair file {file}.",
            (),
            hint="Name it with `pair_file=`, or make a pair to try with `syncengine demo --into DIR`.",
        ) from None
    except OSError as error:
        raise PairFileError(f"The pair file {file} cannot be read: {error.strerror}.", ()) from None
    except NotTomlError as error:
        raise _error(file, [str(error)]) from None


def _url_of(raw: dict[str, Any], role: Role) -> str:
    server = raw.get(role.value)
    url = server.get("url") if isinstance(server, dict) else None
    return url if isinstance(url, str) else ""


def _error(file: Path, faults: list[str]) -> PairFileError:
    many = len(faults) > 1
    return PairFileError(f"The pair file {file} has {len(faults)} fault{'s' if many else ''}:", tuple(faults))


def _unset_secrets(role: Role, url: str, environment: Mapping[str, str]) -> list[str]:
    return [
        f"{role}.url: refers to ${{{name}}}, which is not set in the environment"
        for name in REFERENCE.findall(url)
        if not environment.get(name)
    ]


def _server(role: Role, entry: ServerEntry, environment: Mapping[str, str]) -> ServerSettings:
    # In the url of a live server, special characters of the value must not end its part of the url.
    written = str if entry.url.startswith("duckdb:") else partial(quote, safe="")
    url = REFERENCE.sub(lambda found: written(environment[found.group(1)]), entry.url)
    return ServerSettings(
        role=role,
        url=url,
        shown_url=entry.url,
        load=entry.load,
        read_only=entry.read_only,
        without_transactions=entry.without_transactions,
        pseudo_acds=tuple(sorted(set(entry.pseudo_acds))),
        mask=Mask(tuple((name, environment[name]) for name in dict.fromkeys(REFERENCE.findall(entry.url)))),
    )


def _hooks(entry: PairEntry) -> Iterator[Hook]:
    for kind, hook in entry.hooks.items():
        for role in Role:
            command = hook.of(role)
            if command is not None:
                yield Hook(kind, role, tuple(command), hook.timeout_seconds)


def _left_in_single_user_mode(entry: PairEntry) -> list[str]:
    there, back = (
        {hook.server for hook in _hooks(entry) if hook.kind == kind}
        for kind in (LineKind.SINGLE_USER, LineKind.MULTI_USER)
    )
    return [
        f"hooks.{LineKind.SINGLE_USER}: no hook returns {role} to multi-user mode; "
        f"write a hook {LineKind.MULTI_USER} for it too"
        for role in sorted(there - back)
    ]
