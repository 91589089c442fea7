"""Does what a page asks its reader to do, and compares what the page shows with what happens."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from syncengine.cli.main import run_for_code
from syncengine.model.grain import Archive
from syncengine.model.spec import DataClass
from tests.builders import DAY, catalogue
from tests.docs.pages import Block

RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
PAIR = Path("build/demo")
PROGRESS = re.compile(r"\w+: [\d,]+ of [\d,]+, ")


@dataclass
class Reader:
    """Somebody who works through a page from its top, in a folder with the damaged demo pair in build/demo.

    Hidden instructions: `empty` takes the pair away, `fresh` puts a new one there, `whole` makes the secondary as the
    primary is, `sql primary ...` and `sql secondary ...` change a server without the reader, and so does
    `outage secondary 05:13 05:19 97`, after which its links were down for a reason, those of all ACDs or of one.
    """

    damaged: Path
    exit_code: int = 0
    names: dict[str, Any] = field(default_factory=dict)
    here: Path = field(default_factory=Path.cwd)

    def __post_init__(self) -> None:
        self._fresh()

    def follow(self, block: Block) -> None:
        """Do what a block says; raises AssertionError where the program does something else."""
        match block.kind:
            case "test":
                self._prepare(block.text)
            case "console":
                for command, expected in commands(block):
                    self._type(command, expected, block)
            case "python":
                code = compile("\n" * block.line + block.text, "page", "exec")
                exec(code, self.names)  # noqa: S102  # the page's own code
            case "toml" if block.name:
                path = self.here / block.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")

    def follow_sql(self, role: str, statement: str) -> None:
        """Change a server of the pair."""
        with duckdb.connect(str(self.here / PAIR / f"{role}.duckdb")) as connection:
            connection.execute(statement)

    def _prepare(self, instruction: str) -> None:
        word, _, rest = instruction.partition(" ")
        match word:
            case "empty":
                shutil.rmtree(self.here / PAIR)
            case "fresh":
                self._fresh()
            case "whole":
                shutil.copyfile(self.here / PAIR / "primary.duckdb", self.here / PAIR / "secondary.duckdb")
            case "outage":
                role, *outage = rest.split()
                with duckdb.connect(str(self.here / PAIR / f"{role}.duckdb")) as connection:
                    apply_outage(connection, *outage)
            case "sql":
                role, _, statement = rest.partition(" ")
                self.follow_sql(role, statement)
            case _:
                raise AssertionError(f"No test understands {instruction!r}")

    def _fresh(self) -> None:
        shutil.rmtree(self.here / PAIR, ignore_errors=True)
        shutil.copytree(self.damaged, self.here / PAIR)

    def _type(self, command: str, expected: list[str], block: Block) -> None:
        if command == "echo $?":
            assert expected == [str(self.exit_code)], f"line {block.line}: the exit code is {self.exit_code}"
            return
        words = shlex.split(command)
        assert words[0] == "syncengine", f"line {block.line}: {command} is not a command of ours"
        self.exit_code, actual = run(words[1:])
        problem = difference(expected, actual)
        assert problem is None, f"line {block.line}: {command}\n{problem}\nIt says:\n" + "\n".join(actual)


def apply_outage(connection: duckdb.DuckDBPyConnection, down: str, up: str, reason: str, acd: str = "") -> None:
    """Remove from a server what its link missed: rows of whole intervals are gone, those at the edges incomplete.

    Tables that it does not have are skipped.
    """
    present = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    acds = [int(acd)] if acd else [one for (one,) in connection.execute("SELECT acd FROM acds").fetchall()]
    first, past = (int(hour) * 60 + int(minute) for hour, minute in (down.split(":"), up.split(":")))
    start = "(starttime // 100 * 60 + starttime % 100)"
    where = "acd IN (SELECT unnest($acds)) AND row_date = $day AND"
    values = {"acds": acds, "day": DAY, "first": first, "past": past}
    for spec in catalogue().of_class(DataClass.HISTORICAL):
        timed = spec.archive is Archive.INTERVAL and spec.time is not None and spec.time.incomplete is not None
        if timed and spec.name in present:
            whole = f"{start} >= $first AND {start} + intrvl <= $past"
            partial = f"{start} < $past AND {start} + intrvl > $first"
            connection.execute(f'DELETE FROM "{spec.name}" WHERE {where} {whole}', values)
            connection.execute(f'UPDATE "{spec.name}" SET incomplete = 1 WHERE {where} {partial}', values)
    for one in acds:
        connection.execute(
            "INSERT INTO linkex BY NAME SELECT ? AS acd, ? AS row_date, ? AS row_time, ? AS reason, ? AS duration",
            [one, DAY, first // 60 * 100 + first % 60, int(reason), (past - first) * 60],
        )


def run(arguments: list[str]) -> tuple[int, list[str]]:
    """Run a command without a terminal, and return its exit code and lines; errors if it prints nothing."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_for_code(arguments)
    text = out.getvalue() if out.getvalue().strip() else err.getvalue()
    # Progress is printed only if a command takes long, on a busy machine.
    return code, [line for line in text.splitlines() if PROGRESS.match(line) is None]


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a console block with the lines shown below it."""
    current: tuple[str, list[str]] | None = None
    for line in block.text.replace(" \\\n", " ").splitlines():
        if line.startswith("$ "):
            if current is not None:
                yield current
            current = (" ".join(line.removeprefix("$ ").split()), [])
        elif current is not None and line.strip():
            current[1].append(line)
    if current is not None:
        yield current


def difference(expected: list[str], actual: list[str]) -> str | None:
    """Say where the lines shown are not the lines printed, or None.

    Blank lines and widths of columns do not count. `...` alone stands for any lines, inside a line for any text.
    A line that ends with a backslash continues in the next one.
    """
    printed = [squeezed(line) for line in actual if line.strip()]
    at, anywhere = 0, False
    for line in unfolded(expected):
        if line.strip() == "...":
            anywhere = True
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in squeezed(line).split("...")))
        last = len(printed) if anywhere else at + 1
        found = next((place for place in range(at, min(last, len(printed))) if pattern.fullmatch(printed[place])), None)
        if found is None:
            return f"does not print: {line.strip()}"
        at, anywhere = found + 1, False
    if expected and at < len(printed) and not anywhere:
        return f"prints more: {printed[at]}"
    return None


def unfolded(lines: list[str]) -> Iterator[str]:
    """Yield lines with those that end in a backslash joined to the next."""
    joined = ""
    for line in lines:
        if line.endswith("\\"):
            joined += line[:-1].strip() + " "
        else:
            yield joined + line
            joined = ""


def squeezed(line: str) -> str:
    """Return a line with single blanks and without what is different in every run."""
    return RUN_ID.sub("RUN", " ".join(line.split()))
