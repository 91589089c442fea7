"""Names, permissions and settings of the ACDs and of the two servers."""

from __future__ import annotations

from syncengine.demo import names
from syncengine.demo.inserts import Filling
from syncengine.demo.traffic import SERVICE_LEVEL

PERIOD_VALUES = dict(
    zip((f"period{n}" for n in range(1, 10)), ("5", "10", "15", "20", "30", "45", "60", "90", "120"), strict=True)
)

EACH_ACD = "(SELECT DISTINCT acd, intrvl FROM clock_interval ORDER BY acd)"


def sql_list(values: tuple[str, ...]) -> str:
    """Return texts as an SQL list."""
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"


def build_dictionary(filling: Filling) -> None:
    """Make the tables `split_name`, `agent_name` and `vdn_name`, unique within an ACD."""
    count = len(names.SPLITS)
    filling.connection.execute(
        f"CREATE TEMP TABLE split_name AS SELECT acd, split, {sql_list(names.SPLITS)}[1 + (split - 1) % {count}] "
        f"|| CASE WHEN split > {count} THEN ' ' || (1 + (split - 1) // {count}) ELSE '' END AS name FROM split_plan"
    )
    firsts, lasts = len(names.FIRST_NAMES), len(names.LAST_NAMES)
    filling.connection.execute(
        f"CREATE TEMP TABLE agent_name AS SELECT acd, agent, logid, "
        f"{sql_list(names.FIRST_NAMES)}[1 + ((agent * 7 + acd * 5) % {firsts})::INTEGER] || ' ' || "
        f"{sql_list(names.LAST_NAMES)}[1 + ((agent + acd * 11) % {lasts})::INTEGER] "
        f"|| CASE WHEN agent > {firsts * lasts} THEN ' ' || (agent // {firsts * lasts} + 1) ELSE '' END AS name "
        "FROM agent"
    )
    filling.connection.execute(
        "CREATE TEMP TABLE vdn_name AS SELECT v.acd, v.number, v.vdn, n.name || CASE v.place WHEN 1 THEN '' "
        "WHEN 2 THEN ' web' WHEN 3 THEN ' ads' WHEN 4 THEN ' VIP' ELSE ' ' || v.place END AS name "
        "FROM (SELECT *, row_number() OVER "
        "(PARTITION BY acd, split ORDER BY number) AS place FROM vdn_plan) v JOIN split_name n USING (acd, split)"
    )


def fill_synonyms(filling: Filling) -> None:
    """Fill the dictionary: names of splits, agents, VDNs, vectors, trunk groups, reasons, codes and modes."""
    wanted = {
        "split": ("split_name", "name", "split", "''"),
        "agname": ("agent_name", "name", "logid", "CASE WHEN agent % 9 = 0 THEN 'Part time' ELSE '' END"),
        "vdn": ("vdn_name", "name", "vdn", "'Reached by 1-800-555-0' || right(vdn, 3)"),
        "vector": (
            "(SELECT DISTINCT acd, vector, 'Route ' || vector AS name FROM vdn_plan ORDER BY 1, 2)",
            "name",
            "vector",
            "''",
        ),
        "tkgrp": (
            "(SELECT DISTINCT acd, tkgrp, CASE WHEN outgoing THEN 'Outbound ' ELSE 'Toll free ' END || tkgrp AS name "
            "FROM trunk_plan ORDER BY 1, 2)",
            "name",
            "tkgrp",
            "CASE WHEN tkgrp = 1 THEN 'Carrier contract ends in December' ELSE '' END",
        ),
    }
    for kind, (source, name, value, description) in wanted.items():
        filling.fill(
            "synonyms",
            source,
            {"acd_no": "acd", "item_type": f"'{kind}'", "item_name": name, "value": value, "descr": description},
        )
    acds = filling.connection.execute(f"SELECT acd FROM {EACH_ACD}").fetchall()
    rows: list[dict[str, object]] = []
    for (acd,) in acds:
        for kind, named in (
            ("aux_rsn", names.AUX_REASONS),
            ("cwc", names.WORK_CODES),
        ):
            rows += [
                {"acd_no": acd, "item_type": kind, "item_name": name, "value": value} for value, name in named.items()
            ]
        rows += [
            {"acd_no": acd, "item_type": "workmode", "item_name": name, "value": value, "standard": 1}
            for value, name in names.WORK_MODES.items()
        ]
        rows += [
            {"acd_no": acd, "item_type": "agent group", "item_name": group, "value": group[:15]}
            for group in ("Night team", "Gold team")
        ]
    filling.fill_rows("synonyms", rows)


def fill_agent_groups(filling: Filling) -> None:
    """Fill agroups: a row for each member of each group."""
    for group, members in (("Night team", "nightly"), ("Gold team", "agent % 9 = 0")):
        filling.fill(
            "agroups",
            f"(SELECT * FROM agent WHERE {members} ORDER BY acd, agent)",
            {"acd_no": "acd", "item_type": "'agent group'", "item_name": f"'{group}'", "value": "logid"},
        )


def fill_acd_setup(filling: Filling) -> None:
    """Fill what the switch says about its ACDs, splits, trunk groups, VDNs and vectors, and what is set for them."""
    filling.fill(
        "acds",
        EACH_ACD,
        {
            "acd": "acd",
            "acd_name": f"{sql_list(names.ACDS)}[acd]",
            "switch_type": "1",
            "switch_release": "8",
            "tz_offset": "0",
            "intrvl": "intrvl",
        },
    )
    filling.fill(
        "acd_shifts",
        f"{EACH_ACD} CROSS JOIN "
        "(VALUES (1, 600, 1430, 40), (2, 830, 1700, 80), (3, 1330, 2200, 40), (4, 2200, 600, 10)) s(n, a, z, m)",
        {"acd": "acd", "shift_id": "n", "start_time": "a", "stop_time": "z", "max_agents": "m"},
    )
    filling.fill(
        "splits",
        "(SELECT * FROM split_plan ORDER BY acd, split)",
        {"acd": "acd", "split": "split", "extension": "2000 + split", "split_type": "1", "measured": "1"},
    )
    filling.fill(
        "tgroups",
        "(SELECT t.acd, t.tkgrp, count(*) AS trunks, coalesce(min(v.vdn), '') AS vdn FROM trunk_plan t "
        "LEFT JOIN vdn_plan v ON NOT t.outgoing AND v.acd = t.acd AND v.number = t.tkgrp GROUP BY ALL ORDER BY 1, 2)",
        {"acd": "acd", "tkgrp": "tkgrp", "trunks": "trunks", "split": "0", "vdn": "vdn", "measured": "1"},
    )
    filling.fill(
        "vdns",
        "(SELECT * FROM vdn_plan ORDER BY acd, number)",
        {"acd": "acd", "vdn": "vdn", "vector": "vector", "skill1": "split", "measured": "1"},
    )
    filling.fill(
        "vectors",
        "(SELECT DISTINCT acd, vector FROM vdn_plan ORDER BY 1, 2)",
        {"acd": "acd", "vector": "vector", "measured": "1"},
    )
    level = {"servicelevel": str(SERVICE_LEVEL), **PERIOD_VALUES}
    filling.fill(
        "split_pro", "(SELECT * FROM split_plan ORDER BY acd, split)", {"acd": "acd", "split": "split", **level}
    )
    filling.fill("vdn_pro", "(SELECT * FROM vdn_plan ORDER BY acd, number)", {"acd": "acd", "vdn": "vdn", **level})
    filling.fill(
        "aar_agents", "(SELECT * FROM traced ORDER BY acd, agent)", {"acd": "acd", "logid": "logid", "active": "1"}
    )


def fill_exceptions_administration(filling: Filling) -> None:
    """Fill the thresholds of exceptions; the time limit is unknown where only a count matters."""
    wanted = {
        "ag_ex_adm": ("split_plan", "split", "[1, 2, 4, 6, 10]", "300"),
        "sp_ex_adm": ("split_plan", "split", "[16, 17, 20, 23]", "60"),
        "tg_ex_adm": ("(SELECT DISTINCT acd, tkgrp FROM trunk_plan)", "tkgrp", "[51, 52, 54, 56]", "NULL"),
        "vdn_x_adm": ("vdn_plan", "vdn", "[34, 35, 38]", "45"),
        "vec_x_adm": ("(SELECT DISTINCT acd, vector FROM vdn_plan)", "vector", "[40, 42]", "90"),
    }
    for table, (source, entity, types, limit) in wanted.items():
        filling.fill(
            table,
            f"(SELECT acd, {entity} AS entity, unnest({types}) AS extype FROM {source} ORDER BY ALL)",
            {"acd": "acd", entity: "entity", "extype": "extype", "active": "1", "threshold": "5", "time": limit},
        )


def fill_system_administration(filling: Filling) -> None:
    """Fill users and their permissions, reports, menus, shortcuts, timetables, calculations and the list of tables."""
    filling.fill_rows(
        "users",
        [
            {
                "user_id": user,
                "full_name": name,
                "room": "B-110" if kind > 1 else None,
                "phone": phone,
                "printer": "lp_floor2" if kind < 3 else None,
                "user_type": kind,
                "max_windows": 12 if kind > 1 else 5,
                "refresh_min": 3 if kind > 1 else 10,
                "login_acd": 1,
            }
            for user, name, kind, phone in names.USERS
        ],
    )
    filling.fill_rows(
        "features",
        [
            {
                "user_id": user,
                "feature": feature,
                "can_read": "y",
                "can_write": "y" if kind > 2 or feature == "reports" else "n",
            }
            for user, _, kind, _ in names.USERS
            for feature in names.FEATURES
            if kind > 1 or feature in ("reports", "dictionary")
        ],
    )
    filling.fill_rows(
        "user_colors",
        [
            {"user_id": user, "item": item, "color": colour}
            for user, *_ in names.USERS
            for item, colour in (("warning", 3), ("caution", 5))
        ],
    )
    filling.fill_rows(
        "user_defval",
        [{"user_id": user, "item": "default_acd", "value": "1"} for user, *_ in names.USERS]
        + [
            {"user_id": "jmiller", "item": "default_split", "value": "1-3"},
            {"user_id": "rgomez", "item": "default_split", "value": ""},
        ],
    )
    for table in ("h_custom", "r_custom"):
        filling.fill_rows(
            table,
            [
                {"report_name": name, "owner": owner, "scope": scope, "descr": descr, "mod_date": changed}
                for name, owner, scope, descr, changed in (
                    names.REPORTS[:3] if table == "h_custom" else names.REPORTS[3:]
                )
            ],
        )
    filling.fill_rows(
        "custobjects",
        [
            {"obj_name": f"{name[:14]} {n}", "obj_type": "field", "owner": owner}
            for name, owner, *_ in names.REPORTS
            for n in (1, 2, 3)
        ],
    )
    main = (
        "Reports",
        "Dictionary",
        "Exceptions",
        "Agent Administration",
        "Call Center Admin",
        "Custom Reports",
        "Timetable",
        "Logout",
    )
    filling.fill_rows(
        "main_menu", [{"seq": n, "label": label, "action": f"menu {n}"} for n, label in enumerate(main, 1)]
    )
    filling.fill_rows(
        "menu",
        [
            {"menu_id": 1, "seq": n, "label": label, "action": f"report {label.lower()}"}
            for n, label in enumerate(("Real-time", "Historical", "Integrated"), 1)
        ],
    )
    filling.fill_rows("menu_add", [{"item_name": "Staff calendar", "command": "/export/home/cms/bin/calendar"}])
    filling.fill_rows(
        "scwininfo",
        [
            {"user_id": "jmiller", "shortcut": "Morning", "win_seq": n, "win_info": f"report 'Split morning' split={n}"}
            for n in (1, 2, 3)
        ],
    )
    filling.fill_rows(
        "dbitems",
        [
            {"item_type": kind, "item_name": name, "formula": formula, "standard": standard, "descr": descr}
            for kind, name, formula, standard, descr in names.CALCULATIONS
        ],
    )
    filling.fill_rows(
        "ttsctasks",
        [
            {"owner": owner, "tt_name": name, "task_seq": 1, "task": task}
            for owner, name, _, _, task in names.TIMETABLES
        ],
    )
    filling.fill_rows(
        "ttsc",
        [
            {"owner": owner, "tt_name": name, "task_seq": 1, "line_no": n, "text": text}
            for owner, name, _, _, task in names.TIMETABLES
            for n, text in enumerate((f"# {task}", "run", "end"), 1)
        ],
    )
    filling.fill_rows(
        "cmstbls",
        [
            {"tablename": spec.name, "tabletype": spec.data_class.value[:8], "descr": spec.summary[:50]}
            for spec in filling.specs.values()
        ],
    )
