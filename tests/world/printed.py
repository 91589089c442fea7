"""A scenario as a person can follow it, and as a test."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

from tests.world.operator import resolved
from tests.world.values import (
    Added,
    ClockSet,
    Edit,
    Happening,
    LengthSet,
    LinkDown,
    Restored,
    Scenario,
    ServerDown,
    Unreadable,
    Upgraded,
)


def as_commands(scenario: Scenario) -> str:
    """Return what happens and what is typed, a line each, in order."""
    clock = scenario.clock
    lines = [
        f"{scenario.days} days from {scenario.start} on ({scenario.zone}), servers: {scenario.servers.value}, "
        f"calls of seed {scenario.seed}"
    ]
    lines += [
        f"  ACD {acd.number}: intervals of {acd.minutes} minutes, {acd.splits} splits, {acd.agents} agents, "
        f"{acd.vdns} VDNs, {acd.trunk_groups} trunk groups, {acd.calls_an_hour} calls an hour"
        + (f", nobody from {acd.quiet[0]} to {acd.quiet[1]} o'clock" if acd.quiet[1] else "")
        for acd in scenario.acds
    ]
    dated = [(one.at, 0, happening_text(scenario, one)) for one in scenario.happenings]
    for number, command in enumerate(scenario.commands):
        words = [_shown(scenario, command.at, word) for word in (command.verb, *command.options)]
        dated.append((command.at, 1, f"$ syncengine {shlex.join(words)}"))
        dated += [
            (command.at, 1, f"    at its call {fault.call}: {fault.kind.value}")
            for fault in scenario.faults
            if fault.command == number
        ]
    lines += [f"{clock.shown(at):%m-%d %H:%M:%S}  {text}" for at, _, text in sorted(dated, key=lambda one: one[:2])]
    return "\n".join(lines)


def _shown(scenario: Scenario, at: int, word: str) -> str:
    try:
        return resolved(scenario, at, [], word)
    except LookupError:
        return word


def happening_text(scenario: Scenario, happening: Happening) -> str:
    """Return what happens in a few words."""
    match happening:
        case LinkDown(server, at, seconds, acd):
            until = scenario.clock.shown(at + seconds)
            which = "its links" if acd is None else f"its link to ACD {acd}"
            return f"{server}: {which} down until {until:%m-%d %H:%M:%S}"
        case ServerDown(server, at, seconds):
            return f"{server}: shut down until {scenario.clock.shown(at + seconds):%m-%d %H:%M:%S}"
        case LengthSet(_, acd, minutes, servers):
            return f"{' and '.join(servers)}: intervals of ACD {acd} set to {minutes} minutes"
        case ClockSet(_, by):
            return f"the switch's clock is set {'forward' if by > 0 else 'back'} by {abs(by)} seconds"
        case Restored(server, at, to):
            tape, until = scenario.clock.shown(to), scenario.clock.shown(at + happening.seconds)
            return f"{server}: restored from a tape of {tape:%m-%d %H:%M:%S}, shut down until {until:%m-%d %H:%M:%S}"
        case Upgraded(server):
            return f"{server}: upgraded to another load"
        case Added(server, _, table, what):
            return f"{server}: somebody adds a {what.value} to {table}"
        case Unreadable(server, at, seconds, table):
            return f"{server}: {table} cannot be read until {scenario.clock.shown(at + seconds):%m-%d %H:%M:%S}"
        case Edit(server, _, kind, seed):
            return f"{server}: administration, {kind} ({seed})"


def as_test(scenario: Scenario, name: str = "a_world") -> str:
    """Return a plain test that runs a scenario: its values, without those that are the default, as ruff formats it."""
    text = (
        f"def test_{name}() -> None:\n"
        '    """Say what went wrong, and what is promised."""\n'
        f"    run_right({literal(scenario)})\n"
    )
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "120", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return text if done.returncode else done.stdout


def literal(value: Any) -> str:
    """Return a value as it is written in Python."""
    if is_dataclass(value) and not isinstance(value, type):
        given = [
            f"{field.name}={literal(getattr(value, field.name))}"
            for field in fields(value)
            if field.default is MISSING or getattr(value, field.name) != field.default
        ]
        return f"{type(value).__name__}({', '.join(given)})"
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if hasattr(value, "isoformat"):
        return f"date({value.year}, {value.month}, {value.day})"
    return repr(value)
