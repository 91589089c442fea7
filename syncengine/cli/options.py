"""Options that several commands share, each with help that a person can learn from, and those that go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypedDict

import typer
from typer.models import OptionInfo

from syncengine.model.pair import Role
from syncengine.model.policy import Policy

PairOption = Annotated[
    Path,
    typer.Option(
        "--pair",
        metavar="FILE",
        help="The file that describes the pair (docs/reference/pair-file.md).",
        show_default=False,
    ),
]
RunArgument = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="A run, or the beginning of its id.", show_default=False),
]
ExcludedOption = Annotated[
    tuple[str, ...],
    typer.Option(
        "--exclude-table",
        metavar="TABLE",
        help="A table to leave out; repeat it for more.",
        show_default=False,
    ),
]
AcdsOption = Annotated[
    tuple[int, ...],
    typer.Option(
        "--acd", metavar="N", help="An ACD by number; repeat it for more. All, if left out.", show_default=False
    ),
]
WindowOption = Annotated[
    str | None,
    typer.Option(
        "--window",
        "-w",
        metavar="TIME",
        help="A time on the switch's clock: '2000-06-05 05:13..05:19' (the stop is inclusive), "
        "'06/05/00 05:13..05:19', '2000-06-05', '2000-05..2000-06'. It is widened to whole intervals.",
        show_default=False,
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Look no further back: '2000-06-05', '2000-06-05 05:00'.",
        show_default=False,
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
        help="How many rows that only the target holds may be deleted, instead of the pair file's limit.",
        show_default=False,
    ),
]
SpecsOption = Annotated[
    tuple[Path, ...],
    typer.Option(
        "--specs",
        metavar="DIR",
        help="A folder of table specs of your own, for customers' c_ tables.",
        show_default=False,
    ),
]
TraceOption = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, help="-vv: a trace behind errors.", show_default=False),
]


def one_policy(policies: Sequence[Policy], *, help: str) -> OptionInfo:  # noqa: A002  # as typer calls it
    """Return the option that takes one of some policies, and no other."""
    names = [policy.value for policy in policies]

    def parsed(typed: str) -> Policy:
        if typed.casefold() not in names:
            raise typer.BadParameter(f"{typed!r} is not one of {', '.join(map(repr, names))}")
        return Policy(typed.casefold())

    option: OptionInfo = typer.Option("--policy", parser=parsed, metavar=f"[{'|'.join(names)}]", help=help)
    return option


class Chosen(TypedDict):
    """Which tables and ACDs a command is about, as the Python API is told of them."""

    tables: Annotated[
        tuple[str, ...],
        typer.Option(
            "--table",
            "-t",
            metavar="TABLE",
            help="A table; repeat it for more. `syncengine tables` lists them.",
            show_default=False,
        ),
    ]
    sets: Annotated[
        tuple[str, ...],
        typer.Option(
            "--set",
            "-s",
            metavar="SET",
            help="A set of tables, like history or dictionary; repeat it for more.",
            show_default=False,
        ),
    ]
    exclude: ExcludedOption
    acds: AcdsOption


class MaySetOff(TypedDict):
    """At which tables rows beside those of a plan may change, as the Python API is told of them."""

    allow_triggers: Annotated[
        tuple[str, ...],
        typer.Option(
            "--allow-triggers",
            metavar="TABLE",
            help="Write a table whose triggers run then, and change what no undo puts back; repeat it for more.",
            show_default=False,
        ),
    ]
    allow_cascades: Annotated[
        tuple[str, ...],
        typer.Option(
            "--allow-cascades",
            metavar="TABLE",
            help="Write a table with whose rows rows of other tables go (ON DELETE CASCADE, SET NULL, SET DEFAULT), "
            "which no undo puts back; repeat it for more.",
            show_default=False,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Output:
    """How a command says what it found."""

    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            help="-v: all of it, not only what differs. -vv: a trace behind errors.",
            show_default=False,
        ),
    ] = 0


@dataclass(frozen=True, slots=True)
class ShortOutput(Output):
    """How a command says what it found that has nothing more to say of it."""

    verbose: TraceOption = 0


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a command that writes is to write, and to ask before."""

    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.")] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False
