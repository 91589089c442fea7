"""A backfill for people and as JSON: its portions, and the result of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from syncengine.model.drift import Counts
from syncengine.model.names import command
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.policy import Policy
from syncengine.model.portions import BackfillPlan, Portion, PortionRecord
from syncengine.model.sentences import listed, plural
from syncengine.model.verified_run import VerifiedRun
from syncengine.model.window import Window
from syncengine.model.window_syntax import typed_window
from syncengine.report.checklist import checklist_lines
from syncengine.report.json_values import plain
from syncengine.report.outcome import outcome_document, print_not_done
from syncengine.report.plan_json import plan_summary
from syncengine.report.text import explained, grid, indented, next_commands, number, print_lines

PORTIONS_SHOWN = 24
TABLES_NAMED = 4


def print_portions(console: Console, plan: BackfillPlan) -> None:
    """Print the portions of a backfill, before any of them is compared."""
    portions = plan.portions
    console.print(Text(f"Backfill: {plan.about}", style="bold"))
    for note in plan.notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    for name, why in plan.not_counted:
        console.print(
            Text(f"{name} is not counted: {why.rstrip('.')}. Days that only it has are not copied.", style="red")
        )
    console.print()
    if not portions:
        console.print(Text("Neither server has rows of this time: there is nothing to copy.", style="yellow"))
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
        more = plural(len(portions) - PORTIONS_SHOWN, "portion")
        console.print(Text(f"and {more} more; --json lists all of them", style="dim"))
    rows = sum(portion.rows for portion in portions)
    console.print()
    console.print(
        Text(f"{plural(len(portions), 'portion')}, {plural(rows, 'row')} on {plan.request.source}.", style="bold")
    )
    console.print(explained("portion", "fill") if plan.request.policy is Policy.FILL else explained("portion"))


def print_planned(console: Console, portion: Portion, plan: Plan | None) -> None:
    """Print a line for what would be written of a portion."""
    if plan is None:
        console.print(Text(f"portion {portion.number}  {portion.window}: nothing in it can be compared", style="dim"))
        return
    counts = sum((part.counts for step in plan.steps for part in step.parts), Counts())
    skipped = sum(one.counts.total for one in plan.skipped)
    console.print(
        Text(
            f"portion {portion.number}  {portion.window}: {plural(len(plan.steps), 'step')}, add {counts.missing:,}, "
            f"change {counts.changed:,}, delete {plan.deletions:,} rows; {skipped:,} more differ and are skipped"
        )
    )


def print_remaining_by_hand(console: Console, plans: Sequence[Plan | None]) -> None:
    """Print the work that all portions would leave to be done by hand, each line once."""
    lines = dict.fromkeys(line for plan in plans if plan for line in plan.checklist.after)
    print_lines(console, checklist_lines("after", tuple(lines)))


def print_planned_not_compared(console: Console, plans: Sequence[Plan | None]) -> None:
    """Print each table that no portion could compare, and why rows of others are skipped, each reason once."""
    skipped = [one for plan in plans if plan for one in plan.skipped]
    not_compared = [one for one in skipped if one.reason is SkipReason.NOT_COMPARED]
    for table, why in dict.fromkeys((one.table, one.detail.rstrip(".")) for one in not_compared):
        console.print(Text(f"{table} is not compared: {why}.", style="red"))
    rows: dict[SkipReason, int] = {}
    for one in skipped:
        if one.reason is not SkipReason.NOT_COMPARED:
            rows[one.reason] = rows.get(one.reason, 0) + one.counts.total
    for reason, count in rows.items():
        console.print(Text(f"Skipped, {plural(count, 'row')}: {reason.value}.", style="yellow"))


def print_backfill_outcome(console: Console, result: VerifiedRun, pair: str, by_hand: str) -> None:
    """Print the result of each portion done this time; `by_hand` is how much is left to be done by hand, in short."""
    outcome, portions, not_counted = result.outcome, result.portions, result.not_counted
    for note in result.notes:
        console.print(Text(f"Note: {note}.", style="dim"))
    table = grid(
        "portion",
        "window",
        "deleted",
        "inserted",
        "skipped",
        "afterwards",
        right=FIGURES,
        wraps=("window", "afterwards"),
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
            f"Run {outcome.run_id}: {plural(len(portions), 'portion')} done this time. In all, "
            f"{plural(outcome.deleted, 'row')} deleted and {plural(outcome.inserted, 'row')} inserted."
            f"{f' {by_hand}' if by_hand else ''}",
            style="bold",
        )
    )
    _print_earlier_portions(console, result.earlier_portions)
    if not_counted:
        days = "days that only they have were" if len(not_counted) > 1 else "days that only it has were"
        console.print(Text(f"  not counted: {listed(not_counted, TABLES_NAMED)}; {days} not compared", style="red"))
    print_not_done(console, result, pair)
    print_lines(console, next_commands(_next(result, pair)))


def _next(result: VerifiedRun, pair: str) -> Iterator[tuple[str, str]]:
    """Yield the commands to type next, each with what it does."""
    outcome, drifting = result.outcome, [done.portion.window for done in result.portions if done.in_sync is False]
    if outcome.done and outcome.stopped:
        # Between two portions: no step is open, and more portions are.
        yield "To resume it", command("resume", outcome.run_id, "--pair", pair, *result.needs.words)
    if drifting:
        window = Window(min(one.start for one in drifting), max(one.stop for one in drifting))
        yield "To list what still differs", command("verify", "--pair", pair, "--window", typed_window(window))
    if outcome.inserted or outcome.deleted:
        yield "To undo it", command("undo", outcome.run_id, "--pair", pair)


def _print_earlier_portions(console: Console, before: Sequence[PortionRecord]) -> None:
    """Print the portions that were done before and are not in sync."""
    for what, style, found in (
        ("not compared", "red", {one.number: one.not_compared for one in before}),
        ("cannot be written", "red", {one.number: one.unwritable for one in before}),
        ("drift remained", "yellow", {one.number: ("",) for one in before if one.drifts}),
    ):
        numbers = [str(number) for number, names in found.items() if names]
        if numbers:
            tables = listed(tuple(dict.fromkeys(name for names in found.values() for name in names)), TABLES_NAMED)
            line = (
                f"{what}{f': {tables}' if tables else ''}, in portions done before: {listed(numbers, PORTIONS_SHOWN)}"
            )
            console.print(indented(line, style=style))


FIGURES = ("portion", "deleted", "inserted", "skipped")


def portions_document(plan: BackfillPlan, plans: Sequence[Plan | None] = ()) -> dict[str, Any]:
    """Return the portions of a backfill, and with --dry-run the plan of each."""
    return {
        "format": "syncengine.backfill-portions",
        "version": 2,
        "source": plan.request.source.value,
        "policy": plan.request.policy.value,
        "notes": list(plan.notes),
        "not_counted": [{"table": name, "problem": why} for name, why in plan.not_counted],
        "portions": [_portion(portion) for portion in plan.portions],
        "plans": [plan_summary(one) if one else None for one in plans],
    }


def backfill_outcome_document(result: VerifiedRun) -> dict[str, Any]:
    """Return the result of a backfill as plain data."""
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
