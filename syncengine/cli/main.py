"""The command line."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version as installed_version
from typing import Annotated, NoReturn

import typer

from syncengine.cli.backfill import backfill
from syncengine.cli.check import check
from syncengine.cli.demo import demo
from syncengine.cli.exit_codes import ExitCode, exit_code_of
from syncengine.cli.outages import outages
from syncengine.cli.resume import resume
from syncengine.cli.resync import resync
from syncengine.cli.runs import report, runs
from syncengine.cli.status import status
from syncengine.cli.sync import sync
from syncengine.cli.tables import tables
from syncengine.cli.timetables import timetables
from syncengine.cli.undo import undo
from syncengine.cli.verify import verify
from syncengine.model.errors import CancelledError, SyncError
from syncengine.servers.driver_calls import left_behind

USAGE_ERROR = next(one for one in typer.BadParameter.__mro__ if one.__name__ == "ClickException")
"""What typer raises for a command line it cannot read; it names the class nowhere in public."""

app = typer.Typer(
    name="syncengine",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keeps the two servers of a CMS High Availability pair in step: finds exactly what differs, "
    "shows it, and copies exactly that. Begin with `syncengine demo --into DIR`.",
    epilog="Exit codes: 0 in sync or done, 1 error, 2 usage, 3 drift found, 4 refused by a rule, "
    "5 partly done, 130 cancelled.",
)


def _command(function: Callable[..., int], when_stopped: str = "Stopped; nothing was written.") -> None:
    """Register a command; `when_stopped` is what Ctrl-C says, where the command does not say it itself."""

    @functools.wraps(function)
    def stoppable(*args: object, **options: object) -> int:
        try:
            return function(*args, **options)
        except KeyboardInterrupt:
            raise CancelledError(when_stopped) from None

    app.command()(stoppable)


_command(demo, "Stopped; what was built of the demo pair can be removed.")
_command(tables)
_command(check, "Stopped; no row of the CMS was written.")
_command(verify)
_command(outages)
_command(resync)
_command(backfill)
_command(sync)
_command(timetables)
_command(status)
_command(runs)
_command(report)
_command(resume)
_command(undo)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"syncengine {installed_version('syncengine')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Keep the two servers of a pair in step."""
    del version


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code.

    A request to end, as of a service manager, and a terminal that goes away stop it as Ctrl-C does.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    _leave(run_for_code(sys.argv[1:] if arguments is None else arguments))


def _leave(code: int) -> NoReturn:
    """End the process; a call into a driver that goes on, and for which nobody waits, does not keep it."""
    if left_behind():
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def run_for_code(arguments: list[str]) -> int:
    """Run the command line and return its exit code; errors become one sentence on standard error."""
    try:
        result = _commands()(args=arguments, standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        return _say("Stopped; nothing was written.", ExitCode.CANCELLED)
    except BrokenPipeError:
        return ExitCode.DONE
    except SyncError as error:
        if _asks_for_trace(arguments):
            traceback.print_exc()
        return _say(str(error), exit_code_of(error))
    except Exception as error:
        if not isinstance(error, USAGE_ERROR):
            raise
        error.show()  # type: ignore[attr-defined]  # as the class found above has it
        return ExitCode.USAGE
    return int(result or 0)


@functools.cache
def _commands() -> Callable[..., int | None]:
    """Make the commands of what was registered: once, however many a process runs."""
    return typer.main.get_command(app)


def _asks_for_trace(arguments: list[str]) -> bool:
    """Say whether -v was given twice, in any spelling."""
    short = sum(word.count("v") for word in arguments if re.fullmatch("-v+", word))
    return short + arguments.count("--verbose") > 1


def _say(sentence: str, code: ExitCode) -> int:
    typer.echo(sentence, err=True)
    return code
