"""A check as JSON, versioned, with all its results: what a bug report needs (docs/reference/json.md)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from syncengine.model.check import Finding, PairCheck, ScratchCheck, ServerCheck, TableCheck
from syncengine.model.facts import Outage, ServerFacts
from syncengine.report.json_values import plain
from syncengine.report.outages import link_document
from syncengine.report.surroundings import side_effect_document

CHECK_VERSION = 2


def check_document(check: PairCheck) -> dict[str, Any]:
    """Return a check as a JSON document."""
    return {
        "format": "syncengine.check",
        "version": CHECK_VERSION,
        "as_of": plain(check.as_of),
        "alike": check.alike,
        "problems": list(check.problems),
        "servers": [_server(server) for server in check.servers],
        "findings": [_finding(finding) for finding in check.findings],
    }


def _server(server: ServerCheck) -> dict[str, Any]:
    profile, facts = server.profile, server.facts
    return {
        "server": server.role.value,
        "url": server.url,
        "load": server.load,
        "read_only": server.read_only,
        "without_transactions": server.without_transactions,
        "problem": server.problem,
        "profile": plain(profile),
        "acds": list(facts.acds) if facts else [],
        "intervals": plain(facts.lengths) if facts else [],
        "archives": plain(facts.archives) if facts else [],
        "storage_allocations": plain(facts.storage_allocations) if facts else [],
        "outages": _outages(facts) if facts else [],
        "notes": list(facts.notes) if facts else [],
        "tables": [_table(table) for table in server.tables],
        "scratch": _scratch(server.scratch) if server.scratch else None,
    }


def _outages(facts: ServerFacts) -> list[dict[str, Any]]:
    by_acd: dict[int, list[Outage]] = defaultdict(list)
    for outage in facts.outages:
        by_acd[outage.acd].append(outage)
    found = []
    for acd, outages in sorted(by_acd.items()):
        last = max(outages, key=lambda outage: outage.span)
        link = link_document(last)
        found.append({"acd": acd, "count": len(outages), "last": link["span"], "reason": link["reason"]})
    return found


def _table(table: TableCheck) -> dict[str, Any]:
    return {
        "table": table.table,
        "data_class": table.data_class.value,
        "presence": table.presence.value,
        "problem": table.problem,
        "owner": table.owner,
        "indexes": list(table.indexes),
        "columns": dict(table.columns),
        "faults": plain(table.faults),
        "side_effects": [side_effect_document(effect) for effect in table.side_effects],
    }


def _scratch(scratch: ScratchCheck) -> dict[str, Any]:
    return {
        "leftover": scratch.leftover or None,
        "cases": [{**plain(case), "figures": dict(case.figures)} for case in scratch.cases],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    return {**plain(finding), "rule": rule and rule.number, "rule_name": rule and rule.name}
