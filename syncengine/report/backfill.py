"""A backfill for people and as JSON: how it is cut, and what became of each portion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.drift import Counts
from syncengine.model.names import command
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.portions import BackfillPlan, Portion, PortionRecord
from syncengine.model.sentences import listed, plural
from syncengine.model.verified_run import VerifiedRun
from syncengine.report.checklist import checklist_lines
from syncengine.report.json_values import plain
from syncengine.report.outcome import outcome_document, print_not_done
from syncengine.report.plan_json import plan_summary
from syncengine.report.text import grid, number, print_lines, unbroken

PORTIONS_SHOWN = 24
TABLES_NAMED = 4


def print_portions(console: Console, plan: BackfillPlan) -> None:
    """Print how a backfill is cut, before anything of it is compared."""
    portions = plan.portions
    console.print(Text(f"Backfill: {plan.about}", style="bold"))
    for note in plan.notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    for name, why in plan.not_counted:
        console.print(
            Text(f"{name}: not counted ({why.rstrip('.')}); days that only it has are left out.", style="red")
        )
    console.print()
    if not portions:
        console.print(Text("Neither server holds rows of that time: there is nothing to copy.", style="yellow"))
        return
    table = grid(
        "portion",
        "window",
        "tables",
        "rows at the source",
        right=("portion", "rows at the source"),
        wraps=("window", "tables"),
    )
    for portion in portions[:PORTIONS_SHOWN]:
        table.add_row(str(portion.number), str(portion.window), _tables(portion), number(portion.rows))
    console.print(table)
    if len(portions) > PORTIONS_SHOWN:
        console.print(Text(f"and {len(portions) - PORTIONS_SHOWN} portions more; --json lists them all", style="dim"))
    rows = sum(portion.rows for portion in portions)
    console.print()
    console.print(
        Text(f"{plural(len(portions), 'portion')}, {plural(rows, 'row')} at {plan.request.source}.", style="bold")
    )


def print_planned(console: Console, portion: Portion, plan: Plan | None) -> None:
    """Print a line for what would be written of a portion."""
    if plan is None:
        console.print(Text(f"portion {portion.number}  {portion.window}: nothing of it can be compared", style="dim"))
        return
    counts = sum((part.counts for step in plan.steps for part in step.parts), Counts())
    skipped = sum(kept.counts.total for kept in plan.skipped)
    console.print(
        Text(
            f"portion {portion.number}  {portion.window}: {plural(len(plan.steps), 'step')}, add {counts.missing:,}, "
            f"change {counts.changed:,}, delete {plan.deletions:,} rows; {skipped:,} differ and are left"
        )
    )


def print_remaining_by_hand(console: Console, plans: Sequence[Plan | None]) -> None:
    """Print what all portions would leave to be done by hand, each line once."""
    lines = dict.fromkeys(line for made in plans if made for line in made.checklist.after)
    print_lines(console, checklist_lines("after", tuple(lines)))


def print_planned_not_compared(console: Console, plans: Sequence[Plan | None]) -> None:
    """Print each table that no portion could compare, with why, once."""
    found = [kept for made in plans if made for kept in made.skipped if kept.reason is SkipReason.NOT_COMPARED]
    for table, why in dict.fromkeys((kept.table, kept.detail.rstrip(".")) for kept in found):
        console.print(Text(f"{table} is not compared: {why}.", style="red"))


def print_backfill_outcome(console: Console, result: VerifiedRun, pair: str, by_hand: str) -> None:
    """Print what became of each portion that was done this time; `by_hand` is what is left to people, in short."""
    outcome, portions, not_counted = result.outcome, result.portions, result.not_counted
    for note in result.notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    table = grid(
        "portion", "window", "deleted", "inserted", "left", "afterwards", right=FIGURES, wraps=("window", "afterwards")
    )
    for done in portions:
        state = Text("in sync", style="green") if done.in_sync else Text("drift remains", style="yellow")
        if done.not_compared:
            state = Text(f"not compared: {listed(done.not_compared, TABLES_NAMED)}", style="red")
        elif done.unwritable:
            state = Text(f"cannot be written: {listed(done.unwritable, TABLES_NAMED)}", style="red")
        if done.in_sync is None:
            state = Text("nothing to compare", style="dim")
        figures = (number(done.deleted), number(done.inserted), number(done.skipped))
        table.add_row(str(done.portion.number), str(done.portion.window), *figures, state)
    if portions:
        console.print(table)
        console.print()
    console.print(
        Text(
            f"Run {outcome.run_id}: {plural(len(portions), 'portion')} done this time; "
            f"{plural(outcome.inserted, 'row')} written where {plural(outcome.deleted, 'row')} stood before, in all "
            f"portions gone through, those half done included.{f' {by_hand}' if by_hand else ''}",
            style="bold",
        )
    )
    _print_earlier_portions(console, result.earlier_portions)
    if not_counted:
        days = "days that only they have were" if len(not_counted) > 1 else "days that only it has were"
        console.print(Text(f"  not counted: {listed(not_counted, TABLES_NAMED)}; {days} not looked at", style="red"))
    print_not_done(console, result, pair)
    if outcome.done and outcome.stopped:
        # Between two portions: no step was left, and there is more to do.
        resume = command("resume", outcome.run_id, "--pair", pair, *result.needs.words)
        console.print(unbroken(f"Go on with it: {resume}", style="bold"))


def _print_earlier_portions(console: Console, before: Sequence[PortionRecord]) -> None:
    """Print what had remained of portions that were done before."""
    for what, style, found in (
        ("not compared", "red", {one.number: one.not_compared for one in before}),
        ("cannot be written", "red", {one.number: one.unwritable for one in before}),
        ("drift remained", "yellow", {one.number: ("",) for one in before if one.drifts}),
    ):
        numbers = [str(number) for number, names in found.items() if names]
        if numbers:
            tables = listed(tuple(dict.fromkeys(name for names in found.values() for name in names)), TABLES_NAMED)
            line = f"{what}{f': {tables}' if tables else ''}, in what was done before: portion {listed(numbers, PORTIONS_SHOWN)}"
            console.print(Text(f"  {line}", style=style))


FIGURES = ("portion", "deleted", "inserted", "left")


def portions_document(plan: BackfillPlan, plans: Sequence[Plan | None] = ()) -> dict[str, Any]:
    """Return how a backfill is cut, and with --dry-run the plan of each portion."""
    return {
        "format": "syncengine.backfill-portions",
        "version": 2,
        "source": plan.request.source.value,
        "policy": plan.request.policy.value,
        "notes": list(plan.notes),
        "not_counted": [{"table": name, "problem": why} for name, why in plan.not_counted],
        "portions": [_portion(portion) for portion in plan.portions],
        "plans": [plan_summary(made) if made else None for made in plans],
    }


def backfill_outcome_document(result: VerifiedRun) -> dict[str, Any]:
    """Return what became of a backfill as plain data."""
    return {
        "format": "syncengine.backfill",
        "version": 2,
        "outcome": outcome_document(result),
        "portions_before": [
            {
                "portion": found.number,
                "rows_skipped": found.skipped,
                "in_sync": found.in_sync,
                "not_compared": list(found.not_compared),
                "unwritable": list(found.unwritable),
            }
            for found in result.earlier_portions
        ],
        "not_counted": list(result.not_counted),
        "portions": [
            {
                **_portion(done.portion),
                "rows_deleted": done.deleted,
                "rows_inserted": done.inserted,
                "rows_skipped": done.skipped,
                "in_sync": done.in_sync,
                "not_compared": list(done.not_compared),
                "unwritable": list(done.unwritable),
            }
            for done in result.portions
        ],
    }


def _portion(portion: Portion) -> dict[str, Any]:
    return {
        "portion": portion.number,
        "window": plain(portion.window),
        "tables": list(portion.tables),
        "rows_at_source": portion.rows,
    }


def _tables(portion: Portion) -> str:
    return listed(portion.tables, TABLES_NAMED)
