"""What belongs to one server: its host, printers, archiver and timetables, and how much it may store."""

from __future__ import annotations

from syncengine.demo import names
from syncengine.demo.inserts import Filling, quoted
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


def fill_server_state(filling: Filling) -> None:
    """Fill, on each server, the tables that say what it is and how its own jobs stand."""
    acds = filling.connection.execute("SELECT DISTINCT acd, intrvl FROM clock_interval ORDER BY acd").fetchall()
    for server, host in SERVERS.items():
        first = server == "primary_server"
        filling.fill_rows("H_hostname", [{"hostname": host}], server)
        filling.fill_rows(
            "dcadmin",
            [
                {
                    "acd": acd,
                    "link_no": acd,
                    "link_type": "TCP/IP",
                    "address": f"192.0.2.{acd * 10 + (1 if first else 2)}",
                    "collection_on": "y",
                }
                for acd, _ in acds
            ],
            server,
        )
        filling.fill_rows(
            "print_adm",
            [
                {"printer": "lp_floor2", "unix_name": "hp2" if first else "hp7", "printer_type": "laser", "descr": ""},
                {
                    "printer": "lp_night" if first else "lp_spare",
                    "unix_name": "oki1",
                    "printer_type": "matrix",
                    "descr": None,
                },
            ],
            server,
        )
        filling.fill_rows(
            "fullex",
            [{"acd": acd, "item": "free blocks", "value": str(811_204 if first else 799_870)} for acd, _ in acds]
            + [{"acd": acd, "item": "last checked", "value": None} for acd, _ in acds],
            server,
        )
        filling.fill_rows(
            "sys_info",
            [
                {"item": "host", "value": host},
                {"item": "machine", "value": "Enterprise 3500" if first else "Ultra 5"},
                {"item": "started", "value": "03/12/00 04:10" if first else "04/09/00 03:52"},
            ],
            server,
        )
        filling.fill_rows(
            "ttsched",
            [
                {
                    "owner": owner,
                    "tt_name": name,
                    "sched_type": kind,
                    "start_date": "2000-01-03",
                    "start_time": time.replace(":", ""),
                    "acd": 1,
                    "run_local": "y" if first or owner == "cmsadm" else "n",
                    "status": "2" if first else "1",
                }
                for owner, name, kind, time, _ in names.TIMETABLES
            ],
            server,
        )
        rows: list[dict[str, object]] = []
        for acd, interval in acds:
            for kind, last, following in ARCHIVES:
                then = following if isinstance(following, str) else following[interval]
                rows.append({"acd": acd, "arch_type": kind, "last_time": last, "status": "2", "next_time": then})
        filling.fill_rows("arch_stat", rows, server)
        filling.fill_rows(
            "f_status",
            [
                {
                    "acd": acd,
                    "task": "forecast manager",
                    "last_time": "06/05/00 03:10" if first else "06/05/00 03:25",
                    "status": "2",
                }
                for acd, _ in acds
            ],
            server,
        )


def fill_storage_allocation(filling: Filling) -> None:
    """Fill dcalloc, alike on both servers: how many of each item, and how long their archives are kept."""
    kept = {"days_intrahour": "getvariable('days')", "days_daily": "400", "weeks_weekly": "104", "months_monthly": "48"}
    for server in SERVERS:
        for item, part, times in ITEMS:
            count = f"CAST(ceil(getvariable('{part}') * {times} / 10.0) * 10 + 10 AS INTEGER)"
            filling.fill(
                "dcalloc",
                "(SELECT DISTINCT acd FROM clock_interval ORDER BY acd)",
                {"acd": "acd", "item": f"'{item}'", "num_items": count, **kept},
                server,
            )
        filling.fill(
            "dcalloc",
            "(SELECT * FROM capacity ORDER BY acd, item)",
            {"acd": "acd", "item": "item", "num_items": "num_items", **kept},
            server,
        )


def fill_table_state(filling: Filling) -> None:
    """Fill dbstatus: what each historical table holds, as each server sees it."""
    for server in SERVERS:
        held = " UNION ALL ".join(_held(server, spec) for spec in filling.specs.values() if spec.time is not None)
        columns = ("acd", "tablename", "first_date", "last_date", "num_rows")
        filling.fill("dbstatus", f"({held})", {name: name for name in columns}, server)


def _held(server: str, spec: TableSpec) -> str:
    return (
        f"(SELECT acd, '{spec.name}' AS tablename, min(row_date) AS first_date, max(row_date) AS last_date, "
        f"count(*) AS num_rows FROM {server}.{quoted(spec.name)} GROUP BY acd)"
    )
