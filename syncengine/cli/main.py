"""The command line."""

from __future__ import annotations

import _thread
import functools
import resource
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer

from syncengine.app.own_process import exit_process, set_up_process
from syncengine.cli.backfill import backfill
from syncengine.cli.check import check
from syncengine.cli.checklist import checklist
from syncengine.cli.command_line import Options, option_names, options_of, signature_of, value_of
from syncengine.cli.confirmation import NoTerminal, no_terminal_error
from syncengine.cli.demo import demo
from syncengine.cli.endings import end
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.hints import remember_command, remember_options, remember_pair
from syncengine.cli.outages import outages
from syncengine.cli.resume import resume
from syncengine.cli.resync import resync
from syncengine.cli.runs import report, runs
from syncengine.cli.status import status
from syncengine.cli.streams import close_streams, expect_document, open_streams, print_line, warn
from syncengine.cli.sync import sync
from syncengine.cli.tables import tables
from syncengine.cli.timetables import timetables
from syncengine.cli.undo import undo
from syncengine.cli.verify import verify
from syncengine.model import interrupts
from syncengine.model.errors import CancelledError, InputError, OutputError, SyncError

MB = 2**20
LEAST_ADDRESSES = 4096 * MB
"""Only a small part is ever used: libraries reserve addresses in advance, for each thread."""

app = typer.Typer(
    name="syncengine",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Synchronises the two servers of a CMS High Availability pair: finds exactly what differs, "
    "shows it, and copies exactly that. Begin with `syncengine demo --into DIR`.",
    epilog="Exit codes: 0 in sync or done, 1 error, 2 usage, 3 drift found, 4 refused by a rule, "
    "5 partly done, 130 cancelled.",
)


def _command(function: Callable[[Options], int], when_stopped: str = "Stopped; nothing was written.") -> None:
    """Register a command; `when_stopped` is the message after Ctrl-C, unless the command has its own."""
    options = options_of(function)
    signature = signature_of(options)

    @functools.wraps(function)
    def stoppable(**given: object) -> int:
        try:
            return function(value_of(options, given))
        except NoTerminal:
            raise no_terminal_error() from None
        except KeyboardInterrupt:
            raise CancelledError(when_stopped) from None
        except Exception as error:
            if isinstance(error, BrokenPipeError):
                # It is never that of standard output; typer would take it for that, and print nothing.
                raise SyncError("A process that the command was connected to has ended: broken pipe.") from error
            if interrupts.stop_requested() and not isinstance(error, CancelledError):
                # The error that a driver makes of Ctrl-C is not about the pair.
                raise CancelledError(when_stopped) from error
            raise

    remember_options(dict(option_names(signature)))
    vars(stoppable)["__signature__"] = signature
    app.command()(stoppable)


_command(demo, "Stopped; the unfinished demo pair can be removed.")
_command(tables)
_command(check, "Stopped; no row of the CMS was written.")
_command(verify)
_command(outages)
_command(resync)
_command(backfill)
_command(sync)
_command(timetables)
_command(checklist, "Stopped; lines ticked before stay ticked.")
_command(status)
_command(runs)
_command(report)
_command(resume)
_command(undo)


def _show_version(wanted: bool) -> None:
    if wanted:
        print_line(f"syncengine {installed_version('cms-syncengine')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Synchronise the two servers of a pair."""
    del version


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    code: int = ExitCode.CANCELLED
    try:
        set_up_process()
        open_streams()
        # An error in a thread is raised where its result is needed; it is not printed twice.
        threading.excepthook = lambda _: None
        sys.unraisablehook = _handle_unraisable
        code = _flushed(run_for_code(words), words)
    except KeyboardInterrupt:
        warn("Stopped.")
    exit_process(code)


def run_for_code(arguments: list[str]) -> int:
    """Run the command line and return its exit code; errors become one sentence on standard error."""
    try:
        expect_document()
        remember_pair(arguments)
        remember_command(arguments)
        refuse_no_folder()
        refuse_little_memory()
        return int(_commands()(args=arguments, standalone_mode=False) or 0)
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  # here they become messages
        return end(error, arguments)


def _handle_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    """Repeat a Ctrl-C that came where nothing can be raised, as in a destructor; ignore everything else."""
    if unraisable.exc_type is KeyboardInterrupt:
        _thread.interrupt_main()


def _flushed(code: int, arguments: list[str]) -> int:
    """Write out the output of a command and return its exit code, or that of an output that cannot be written."""
    try:
        close_streams()
    except OutputError as error:
        return end(error, arguments)
    return code


def refuse_little_memory() -> None:
    """Refuse to run where the libraries that read rows would abort, or wait for ever, for lack of address space."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed != resource.RLIM_INFINITY and allowed < LEAST_ADDRESSES:
        raise SyncError(
            f"This process may use {allowed // MB:,} MB of address space, and needs {LEAST_ADDRESSES // MB:,} MB.",
            hint="Allow it more (`ulimit -v unlimited`); limits.memory_mb bounds what it really uses.",
        )


def refuse_no_folder() -> None:
    """Refuse to run in a folder that was removed: no path could be found from it."""
    try:
        Path.cwd()
    except OSError:
        raise InputError("The current folder was removed.", hint="Change to another folder.") from None


@functools.cache
def _commands() -> Callable[..., int | None]:
    """Make the registered commands, once for each process."""
    return typer.main.get_command(app)
