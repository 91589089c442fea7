"""Names, permissions and settings of the ACDs and of the two servers."""

from __future__ import annotations

from syncengine.demo import names
from syncengine.demo.inserts import TableFiller
from syncengine.demo.traffic import period_columns

EACH_ACD = "(SELECT DISTINCT acd, intrvl FROM clock_interval ORDER BY acd)"


def sql_list(values: tuple[str, ...]) -> str:
    """Return texts as an SQL list."""
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"


def build_dictionary(filler: TableFiller) -> None:
    """Make the tables `split_name`, `agent_name` and `vdn_name`, unique within an ACD."""
    count = len(names.SPLITS)
    filler.connection.execute(
        f"CREATE TEMP TABLE split_name AS SELECT acd, split, {sql_list(names.SPLITS)}[1 + (split - 1) % {count}] "
        f"|| CASE WHEN split > {count} THEN ' ' || (1 + (split - 1) // {count}) ELSE '' END AS name FROM split_plan"
    )
    firsts, lasts = len(names.FIRST_NAMES), len(names.LAST_NAMES)
    filler.connection.execute(
        f"CREATE TEMP TABLE agent_name AS SELECT acd, agent, logid, "
        f"{sql_list(names.FIRST_NAMES)}[1 + ((agent * 7 + acd * 5) % {firsts})::INTEGER] || ' ' || "
        f"{sql_list(names.LAST_NAMES)}[1 + ((agent + acd * 11) % {lasts})::INTEGER] "
        f"|| CASE WHEN agent > {firsts * lasts} THEN ' ' || (agent // {firsts * lasts} + 1) ELSE '' END AS name "
        "FROM agent"
    )
    filler.connection.execute(
        "CREATE TEMP TABLE vdn_name AS SELECT v.acd, v.number, v.vdn, n.name || CASE v.place WHEN 1 THEN '' "
        "WHEN 2 THEN ' web' WHEN 3 THEN ' ads' WHEN 4 THEN ' VIP' ELSE ' ' || v.place END AS name "
        "FROM (SELECT *, row_number() OVER "
        "(PARTITION BY acd, split ORDER BY number) AS place FROM vdn_plan) v JOIN split_name n USING (acd, split)"
    )


def fill_synonyms(filler: TableFiller) -> None:
    """Fill the dictionary: names of splits, agents, VDNs, vectors, trunk groups, reasons, codes and modes."""
    wanted = {
        "split": ("split_name", "split", "''"),
        "agname": ("agent_name", "logid", "CASE WHEN agent % 9 = 0 THEN 'Part time' ELSE '' END"),
        "vdn": ("vdn_name", "vdn", "'Reached by 1-800-555-0' || right(vdn, 3)"),
        "vector": (
            "(SELECT DISTINCT acd, vector, 'Route ' || vector AS name FROM vdn_plan ORDER BY 1, 2)",
            "vector",
            "''",
        ),
        "tkgrp": (
            "(SELECT DISTINCT acd, tkgrp, CASE WHEN outgoing THEN 'Outbound ' ELSE 'Toll free ' END || tkgrp AS name "
            "FROM trunk_plan ORDER BY 1, 2)",
            "tkgrp",
            "CASE WHEN tkgrp = 1 THEN 'Carrier contract ends in December' ELSE '' END",
        ),
    }
    for kind, (source, value, description) in wanted.items():
        values = {"acd_no": "acd", "item_type": f"'{kind}'", "item_name": "name", "value": value, "descr": description}
        filler.fill("synonyms", source, values)
    entries: list[tuple[object, ...]] = [("aux_rsn", value, name, None) for value, name in names.AUX_REASONS.items()]
    entries += [("cwc", value, name, None) for value, name in names.WORK_CODES.items()]
    entries += [("workmode", value, name, 1) for value, name in names.WORK_MODES.items()]
    entries += [("agent group", group[:15], group, None) for group in ("Night team", "Gold team")]
    acds = filler.connection.execute(f"SELECT acd FROM {EACH_ACD}").fetchall()
    rows = [(acd, *one) for (acd,) in acds for one in entries]
    filler.fill_rows("synonyms", "acd_no item_type value item_name standard", rows)


def fill_agent_groups(filler: TableFiller) -> None:
    """Fill agroups: a row for each member of each group."""
    for group, members in (("Night team", "nightly"), ("Gold team", "agent % 9 = 0")):
        filler.fill(
            "agroups",
            f"(SELECT * FROM agent WHERE {members} ORDER BY acd, agent)",
            {"acd_no": "acd", "item_type": "'agent group'", "item_name": f"'{group}'", "value": "logid"},
        )


def fill_acd_setup(filler: TableFiller) -> None:
    """Fill what the switch says about its ACDs, splits, trunk groups, VDNs and vectors, and what is set for them."""
    splits = "(SELECT * FROM split_plan ORDER BY acd, split)"
    vdns = "(SELECT * FROM vdn_plan ORDER BY acd, number)"
    filler.fill(
        "acds",
        EACH_ACD,
        {"acd_name": f"{sql_list(names.ACDS)}[acd]", "switch_type": "1", "switch_release": "8", "tz_offset": "0"},
    )
    filler.fill(
        "acd_shifts",
        f"{EACH_ACD} CROSS JOIN "
        "(VALUES (1, 600, 1430, 40), (2, 830, 1700, 80), (3, 1330, 2200, 40), (4, 2200, 600, 10)) s(n, a, z, m)",
        {"shift_id": "n", "start_time": "a", "stop_time": "z", "max_agents": "m"},
    )
    filler.fill("splits", splits, {"extension": "2000 + split", "split_type": "1", "measured": "1"})
    filler.fill(
        "tgroups",
        "(SELECT t.acd, t.tkgrp, count(*) AS trunks, coalesce(min(v.vdn), '') AS vdn FROM trunk_plan t "
        "LEFT JOIN vdn_plan v ON NOT t.outgoing AND v.acd = t.acd AND v.number = t.tkgrp GROUP BY ALL ORDER BY 1, 2)",
        {"split": "0", "measured": "1"},
    )
    filler.fill("vdns", vdns, {"skill1": "split", "measured": "1"})
    filler.fill("vectors", "(SELECT DISTINCT acd, vector FROM vdn_plan ORDER BY 1, 2)", {"measured": "1"})
    filler.fill("split_pro", splits, period_columns())
    filler.fill("vdn_pro", vdns, period_columns())
    filler.fill("aar_agents", "(SELECT * FROM traced ORDER BY acd, agent)", {"active": "1"})


def fill_exceptions_administration(filler: TableFiller) -> None:
    """Fill the thresholds of exceptions; the time limit is unknown where only a count matters."""
    wanted = {
        "ag_ex_adm": ("split_plan", "split", "[1, 2, 4, 6, 10]", "300"),
        "sp_ex_adm": ("split_plan", "split", "[16, 17, 20, 23]", "60"),
        "tg_ex_adm": ("(SELECT DISTINCT acd, tkgrp FROM trunk_plan)", "tkgrp", "[51, 52, 54, 56]", "NULL"),
        "vdn_x_adm": ("vdn_plan", "vdn", "[34, 35, 38]", "45"),
        "vec_x_adm": ("(SELECT DISTINCT acd, vector FROM vdn_plan)", "vector", "[40, 42]", "90"),
    }
    for table, (source, entity, types, limit) in wanted.items():
        filler.fill(
            table,
            f"(SELECT acd, {entity} AS entity, unnest({types}) AS extype FROM {source} ORDER BY ALL)",
            {entity: "entity", "active": "1", "threshold": "5", "time": limit},
        )


MENUS = (
    *("Reports", "Dictionary", "Exceptions", "Agent Administration"),
    *("Call Center Admin", "Custom Reports", "Timetable", "Logout"),
)


def fill_system_administration(filler: TableFiller) -> None:
    """Fill users and their permissions, reports, menus, shortcuts, timetables, calculations and the list of tables."""
    rows = filler.fill_rows
    rows(
        "users",
        "user_id full_name room phone printer user_type max_windows refresh_min login_acd",
        [
            (user, name, "B-110", phone, "lp_floor2" if kind < 3 else None, kind, 12, 3, 1)
            if kind > 1
            else (user, name, None, phone, "lp_floor2", kind, 5, 10, 1)
            for user, name, kind, phone in names.USERS
        ],
    )
    rows(
        "features",
        "user_id feature can_read can_write",
        [
            (user, feature, "y", "y" if kind > 2 or feature == "reports" else "n")
            for user, _, kind, _ in names.USERS
            for feature in names.FEATURES
            if kind > 1 or feature in ("reports", "dictionary")
        ],
    )
    colours = (("warning", 3), ("caution", 5))
    rows("user_colors", "user_id item color", [(user, *colour) for user, *_ in names.USERS for colour in colours])
    defaults = [(user, "default_acd", "1") for user, *_ in names.USERS]
    splits = [("jmiller", "default_split", "1-3"), ("rgomez", "default_split", "")]
    rows("user_defval", "user_id item value", defaults + splits)
    for table, reports in (("h_custom", names.REPORTS[:3]), ("r_custom", names.REPORTS[3:])):
        rows(table, "report_name owner scope descr mod_date", reports)
    fields = [(f"{name[:14]} {n}", "field", owner) for name, owner, *_ in names.REPORTS for n in (1, 2, 3)]
    rows("custobjects", "obj_name obj_type owner", fields)
    rows("main_menu", "seq label action", [(n, label, f"menu {n}") for n, label in enumerate(MENUS, 1)])
    kinds = enumerate(("Real-time", "Historical", "Integrated"), 1)
    rows("menu", "menu_id seq label action", [(1, n, label, f"report {label.lower()}") for n, label in kinds])
    rows("menu_add", "item_name command", [("Staff calendar", "/export/home/cms/bin/calendar")])
    windows = [("jmiller", "Morning", n, f"report 'Split morning' split={n}") for n in (1, 2, 3)]
    rows("scwininfo", "user_id shortcut win_seq win_info", windows)
    rows("dbitems", "item_type item_name formula standard descr", names.CALCULATIONS)
    tasks = [(owner, name, 1, task) for owner, name, _, _, task in names.TIMETABLES]
    rows("ttsctasks", "owner tt_name task_seq task", tasks)
    lines = [(*first, n, text) for *first, task in tasks for n, text in enumerate((f"# {task}", "run", "end"), 1)]
    rows("ttsc", "owner tt_name task_seq line_no text", lines)
    tables = [(spec.name, spec.data_class.value[:8], spec.summary[:50]) for spec in filler.specs.values()]
    rows("cmstbls", "tablename tabletype descr", tables)
