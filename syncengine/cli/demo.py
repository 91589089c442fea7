"""`syncengine demo`: a pair to try everything on, and its story."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.options import TraceOption, value_option
from syncengine.model.errors import CancelledError, SyncError
from syncengine.model.names import command

if TYPE_CHECKING:
    from rich.console import Console

    from syncengine import Pair
    from syncengine.model.plan import Plan

WINDOW = "2000-06-05 05:13..05:19"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """The options of `syncengine demo`."""

    into: Annotated[Path, value_option("--into", "DIR", "The folder to build the pair in.")]
    resync: Annotated[
        bool, typer.Option("--resync/--no-resync", help="Show the whole repair, or stop at the damaged pair.")
    ] = True
    days: Annotated[int, typer.Option(help="Days of intervals, 1 to 62.")] = 36
    acds: Annotated[int, typer.Option(help="ACDs, the odd ones on 30 minutes and the even ones on 15.")] = 2
    splits: Annotated[int, typer.Option(help="Splits of each ACD.")] = 12
    agents: Annotated[int, typer.Option(help="Agents of each ACD.")] = 80
    vdns: Annotated[int, typer.Option(help="VDNs of each ACD.")] = 40
    trunks: Annotated[int, typer.Option(help="Trunks of each ACD.")] = 120
    seed: Annotated[int, typer.Option(help="The same seed gives the same pair.")] = 1
    verbose: TraceOption = 0


def demo(options: DemoOptions) -> int:
    """Build a demo pair after a link outage, and repair it.

    Writes DIR/primary.duckdb, DIR/secondary.duckdb and DIR/pair.toml.
    """
    from rich.text import Text

    from syncengine import build_demo, open_pair
    from syncengine.cli.terminal import err, out, progress
    from syncengine.report.plan_text import print_plan
    from syncengine.report.text import next_steps, print_lines
    from syncengine.report.verify_text import print_verdict

    console, errors = out(), err()
    console.print(Text("1. The pair", style="bold cyan"))
    built = build_demo(
        options.into,
        days=options.days,
        acds=options.acds,
        splits=options.splits,
        agents=options.agents,
        vdns=options.vdns,
        trunks=options.trunks,
        seed=options.seed,
        on_stage=lambda text: errors.print(f"  {text}", style="dim"),
    )
    damage = built.damage
    console.print(
        f"Two CMS servers, both fed by one switch, in {options.into}. On {damage.side} the link of ACD {damage.acd} "
        f"was down from {damage.down:%H:%M} to {damage.up:%H:%M} on {damage.down:%Y-%m-%d}, and names and "
        f"an agent group were added on {damage.side.other} only. It is 06:10 now.",
    )
    line = command("verify", "--pair", options.into / "pair.toml")
    if not options.resync:
        print_lines(console, next_steps("To see what differs", [line]))
        return ExitCode.DONE
    opened = open_pair(built.pair_file, progress=progress())
    console.print()
    console.print(Text(f"2. The drift: {line}", style="bold cyan"))
    print_verdict(console, opened.verify())
    console.print()
    line = command("sync", "--pair", options.into / "pair.toml", "--set", "agent-groups")
    console.print(Text(f"3. Administration first: {line}", style="bold cyan"))
    names = opened.plan_sync(sets="agent-groups")
    print_plan(console, names)
    _execute(opened, names, console)
    console.print()
    line = command("resync", "--pair", options.into / "pair.toml", "--window", WINDOW)
    console.print(Text(f"4. Then history: {line}", style="bold cyan"))
    plan = opened.plan_resync(window=WINDOW)
    print_plan(console, plan)
    _execute(opened, plan, console)
    console.print()
    console.print(Text("5. In sync again: the same verify as before", style="bold cyan"))
    after = opened.verify()
    print_verdict(console, after)
    if not after.in_sync:
        raise SyncError("The demo pair is not in sync after its resync; this is a bug in syncengine.")
    return ExitCode.DONE


def _execute(opened: Pair, plan: Plan, console: Console) -> None:
    """Execute a plan and report its result; after a stop nothing more is done."""
    from syncengine.report.outcome import print_outcome

    result = opened.execute(plan)
    print_outcome(console, result)
    if result.outcome.cancelled:
        raise CancelledError("Stopped; the demo pair can be removed, or built again.")
