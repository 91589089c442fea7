"""The command line."""

from __future__ import annotations

import sys
import traceback
from importlib.metadata import version as installed_version
from typing import Annotated

import click
import typer

from syncengine.cli.demo import demo
from syncengine.cli.exit_codes import ExitCode, exit_code_of
from syncengine.cli.resync import resync
from syncengine.cli.tables import tables
from syncengine.cli.verify import verify
from syncengine.model.errors import SyncError

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
app.command()(demo)
app.command()(tables)
app.command()(verify)
app.command()(resync)


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
    """Run the command line and leave the process with its exit code."""
    sys.exit(run_for_code(sys.argv[1:] if arguments is None else arguments))


def run_for_code(arguments: list[str]) -> int:
    """Run the command line and return its exit code; errors become one sentence on standard error."""
    try:
        result = app(args=arguments, standalone_mode=False)
    except click.exceptions.Abort:
        return _say("Stopped; nothing was written.", ExitCode.CANCELLED)
    except KeyboardInterrupt:
        return _say("Stopped; nothing was written.", ExitCode.CANCELLED)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except BrokenPipeError:
        return ExitCode.DONE
    except SyncError as error:
        if "-vv" in arguments:
            traceback.print_exc()
        return _say(str(error), exit_code_of(error))
    return int(result or 0)


def _say(sentence: str, code: ExitCode) -> int:
    typer.echo(sentence, err=True)
    return code
