"""Options that several commands share, and groups of options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypedDict

import typer
from typer.models import OptionInfo

from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.policy import Policy


def value_option(names: str, value: str, help_text: str) -> OptionInfo:
    """Return an option that takes a value; its help names the default, if there is one."""
    option: OptionInfo = typer.Option(*names.split(), metavar=value, help=help_text, show_default=False)
    return option


PairOption = Annotated[
    Path, value_option("--pair", "FILE", "The file that describes the pair (docs/reference/pair-file.md).")
]
RunArgument = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="A run, or the beginning of its id.", show_default=False),
]
ExcludeOption = Annotated[
    tuple[str, ...], value_option("--exclude-table", "TABLE", "A table to leave out; repeat it for more.")
]
AcdsOption = Annotated[
    tuple[int, ...], value_option("--acd", "N", "An ACD by number; repeat it for more. All, if left out.")
]
WindowOption = Annotated[
    str | None,
    value_option(
        "--window -w",
        "TIME",
        "A time on the switch's clock: '2000-06-05 05:13..05:19' (the stop is inclusive), "
        "'06/05/00 05:13..05:19', '2000-06-05', '2000-05..2000-06'. It is widened to whole archive intervals.",
    ),
]
FromOption = Annotated[
    Role | None,
    typer.Option(
        "--from", case_sensitive=False, help="The server rows are read from; the other is written. [default: primary]"
    ),
]
DeletionsOption = Annotated[
    int | None,
    typer.Option(
        "--allow-deletions",
        min=0,
        metavar="N",
        help="How many rows that only the target has may be deleted, instead of the pair file's limit.",
        show_default=False,
    ),
]
SpecsOption = Annotated[
    tuple[Path, ...], value_option("--specs", "DIR", "A folder of your own table specs, for customers' c_ tables.")
]
TraceOption = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, help="-vv: show the trace of an error.", show_default=False),
]


def policy_help(policies: Sequence[Policy]) -> str:
    """Return the help on some policies for history."""
    return " ".join(f"{policy}: {policy.does}." for policy in policies)


def policy_option(policies: Sequence[Policy], help_text: str) -> OptionInfo:
    """Return the option that takes one of some policies, and no other."""
    names = [policy.value for policy in policies]

    def parsed(typed: str) -> Policy:
        if typed.casefold() not in names:
            raise typer.BadParameter(f"{typed!r} is not one of {', '.join(map(repr, names))}")
        return Policy(typed.casefold())

    option: OptionInfo = typer.Option("--policy", parser=parsed, metavar=f"[{'|'.join(names)}]", help=help_text)
    return option


def source_of(named: Role | None, policy: Policy) -> Role:
    """Return the server rows are read from; with a policy for both directions none can be named."""
    if policy.both_directions and named is not None:
        raise InputError(
            f"--policy {policy} copies each interval from the server that recorded it whole.", hint="Leave --from out."
        )
    return named or Role.PRIMARY


def since_option(default: str, help_text: str = "Go no further back") -> OptionInfo:
    """Return the option for how far to go back; `default` describes its default."""
    return value_option("--since", "TIME", f"{help_text}: '2000-06-05', '2000-06-05 05:00'. [default: {default}]")


class TableOptions(TypedDict):
    """The tables and ACDs of a command, as arguments of the Python API."""

    tables: Annotated[
        tuple[str, ...],
        value_option("--table -t", "TABLE", "A table; repeat it for more. `syncengine tables` lists them."),
    ]
    sets: Annotated[
        tuple[str, ...],
        value_option("--set -s", "SET", "A set of tables, for example history or dictionary; repeat it for more."),
    ]
    exclude: ExcludeOption
    acds: AcdsOption


class AllowedSideEffects(TypedDict):
    """The tables whose triggers and cascades may run, as arguments of the Python API."""

    allow_triggers: Annotated[
        tuple[str, ...],
        value_option(
            "--allow-triggers",
            "TABLE",
            "Write this table although its triggers run, and an undo does not restore what they change; repeat it for "
            "more.",
        ),
    ]
    allow_cascades: Annotated[
        tuple[str, ...],
        value_option(
            "--allow-cascades",
            "TABLE",
            "Write this table although rows of other tables change with it (ON DELETE CASCADE, SET NULL, SET DEFAULT), "
            "and an undo does not restore them; repeat it for more.",
        ),
    ]


@dataclass(frozen=True, slots=True)
class Output:
    """How a command prints its result."""

    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            help="-v: all details, not only what differs. -vv: show the trace of an error.",
            show_default=False,
        ),
    ] = 0


@dataclass(frozen=True, slots=True)
class ShortOutput(Output):
    """How a command without details prints its result."""

    verbose: TraceOption = 0


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a command writes, and whether it asks first."""

    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.")] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False
