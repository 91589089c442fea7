"""What belongs to one server: its host, printers, archiver and timetables, and how much it may store."""

from __future__ import annotations

import functools

from syncengine.demo import names
from syncengine.demo.inserts import TableFiller, quoted
from syncengine.model.spec import TableSpec

SERVERS = {"primary_server": "cmsprim", "secondary_server": "cmssec"}

ITEMS = (
    ("splits", "splits", 1),
    ("agents", "agents", 4),
    ("trunk groups", "trunks", 1),
    ("trunks", "trunks", 1),
    ("call work codes", "splits", 2),
    ("vectors", "vdns", 1),
    ("vdns", "vdns", 1),
)
"""What is allocated, named as the table specs name it, and the part of the shape that says how many."""

ARCHIVES = (
    ("1", "06/05/00 06:00", {30: "06/05/00 06:30", 15: "06/05/00 06:15"}),
    ("2", "06/05/00 00:35", "06/06/00 00:35"),
    ("3", "06/04/00 02:35", "06/11/00 02:35"),
    ("4", "06/01/00 04:35", "07/01/00 04:35"),
)
"""Archive type, when it last finished, when it runs next: interval, daily, weekly, monthly."""


def fill_server_state(filler: TableFiller) -> None:
    """Fill, on each server, the tables that say what it is and how its own jobs stand."""
    acds = filler.connection.execute("SELECT DISTINCT acd, intrvl FROM clock_interval ORDER BY acd").fetchall()
    for server, host in SERVERS.items():
        first = server == "primary_server"
        ran, status = ("06/05/00 03:10", "2") if first else ("06/05/00 03:25", "1")
        local = {user for user, *_ in names.TIMETABLES if first or user == "cmsadm"}
        rows = functools.partial(filler.fill_rows, server=server)
        rows("H_hostname", "hostname", [(host,)])
        links = [(acd, acd, "TCP/IP", f"192.0.2.{acd * 10 + (1 if first else 2)}", "y") for acd, _ in acds]
        rows("dcadmin", "acd link_no link_type address collection_on", links)
        rows(
            "print_adm",
            "printer unix_name printer_type descr",
            [
                ("lp_floor2", "hp2" if first else "hp7", "laser", ""),
                ("lp_night" if first else "lp_spare", "oki1", "matrix", None),
            ],
        )
        free = [(acd, "free blocks", "811204" if first else "799870") for acd, _ in acds]
        rows("fullex", "acd item value", free + [(acd, "last checked", None) for acd, _ in acds])
        rows(
            "sys_info",
            "item value",
            [
                ("host", host),
                ("machine", "Enterprise 3500" if first else "Ultra 5"),
                ("started", "03/12/00 04:10" if first else "04/09/00 03:52"),
            ],
        )
        rows(
            "ttsched",
            "owner tt_name sched_type start_date start_time acd run_local status",
            [
                (user, name, kind, "2000-01-03", time.replace(":", ""), 1, "y" if user in local else "n", status)
                for user, name, kind, time, _ in names.TIMETABLES
            ],
        )
        archives = [
            (acd, kind, last, "2", following if isinstance(following, str) else following[interval])
            for acd, interval in acds
            for kind, last, following in ARCHIVES
        ]
        rows("arch_stat", "acd arch_type last_time status next_time", archives)
        rows("f_status", "acd task last_time status", [(acd, "forecast manager", ran, "2") for acd, _ in acds])


def fill_storage_allocation(filler: TableFiller) -> None:
    """Fill dcalloc, alike on both servers: how many of each item, and how long their archives are stored."""
    periods = {
        "days_intrahour": "getvariable('days')",
        "days_daily": "400",
        "weeks_weekly": "104",
        "months_monthly": "48",
    }
    for server in SERVERS:
        for item, part, times in ITEMS:
            count = f"CAST(ceil(getvariable('{part}') * {times} / 10.0) * 10 + 10 AS INTEGER)"
            values = {"item": f"'{item}'", "num_items": count, **periods}
            filler.fill("dcalloc", "(SELECT DISTINCT acd FROM clock_interval ORDER BY acd)", values, server)
        filler.fill("dcalloc", "(SELECT * FROM capacity ORDER BY acd, item)", periods, server)


def fill_table_state(filler: TableFiller) -> None:
    """Fill dbstatus: the extent of each historical table, on each server."""
    for server in SERVERS:
        extents = " UNION ALL ".join(_extent(server, spec) for spec in filler.specs.values() if spec.time is not None)
        filler.fill("dbstatus", f"({extents})", server=server)


def _extent(server: str, spec: TableSpec) -> str:
    return (
        f"(SELECT acd, '{spec.name}' AS tablename, min(row_date) AS first_date, max(row_date) AS last_date, "
        f"count(*) AS num_rows FROM {server}.{quoted(spec.name)} GROUP BY acd)"
    )
