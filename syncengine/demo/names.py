"""The names a call centre gives to things: one dictionary for both servers."""

from __future__ import annotations

SPLITS = (
    "Reservations EN",
    "Billing",
    "Sales EN",
    "Reservations ES",
    "Tech support",
    "Order status",
    "Returns",
    "Account changes",
    "Gold desk",
    "Complaints",
    "Sales ES",
    "Back office",
)

FIRST_NAMES = (
    "Ana", "Ben", "Carla", "Dan", "Ellen", "Frank", "Grace", "Hank", "Irene", "Jack", "Karen", "Luis", "Maria", "Ned",
    "Olga", "Paul", "Quinn", "Rosa", "Sam", "Tina", "Uri", "Vera", "Walt", "Xena", "Yves", "Zoe", "Amy", "Bob", "Cleo",
)  # fmt: skip

LAST_NAMES = (
    "Abbott", "Baker", "Chavez", "Dietz", "Ellis", "Fields", "Garcia", "Hanson", "Ibarra", "Jensen", "Keller", "Lopez",
    "Meyer", "Nolan", "Ortiz", "Perez", "Quist", "Reyes", "Stone", "Tucker", "Ulrich", "Vargas", "Wells", "Yates",
)  # fmt: skip

AUX_REASONS = {1: "Break", 2: "Lunch", 3: "Training", 4: "Team meeting"}

WORK_CODES = {
    "100": "Sale closed",
    "110": "Sale lost",
    "120": "Quote sent",
    "200": "Bill explained",
    "210": "Bill corrected",
    "220": "Payment plan",
    "300": "Booking made",
    "310": "Booking changed",
    "400": "Complaint",
    "500": "Wrong number",
    "900": "Supervisor call",
}

WORK_MODES = {0: "Logged out", 20: "AUX", 30: "Available", 40: "ACD call", 50: "After call work", 80: "Ringing"}

ACDS = ("Denver", "Tulsa", "Boise", "Omaha", "Fresno", "Tampa", "Albany", "Dayton")

USERS = (
    ("cmsadm", "CMS administrator", 3, None),
    ("jmiller", "Joan Miller", 2, "4410"),
    ("rgomez", "Rita Gomez", 1, "4411"),
    ("tbrandt", "Tom Brandt", 1, "4417"),
    ("wallbrd", "Wallboard", 1, ""),
)
"""Login, full name, type (3 administrator, 2 split administrator, 1 normal), telephone: none known or left blank."""

FEATURES = (
    "acd_admin",
    "agent_admin",
    "call_center_admin",
    "custom_reports",
    "dictionary",
    "exceptions",
    "forecast",
    "maintenance",
    "reports",
    "system_setup",
    "timetable",
    "user_permissions",
)

CALCULATIONS = (
    ("calc", "AVG_ANSWER_SPEED", "ANSTIME/ACDCALLS", 1, "Average speed of answer"),
    ("calc", "AVG_ABANDON_TIME", "ABNTIME/ABNCALLS", 1, "Average time before abandoning"),
    ("calc", "AVG_TALK_TIME", "ACDTIME/ACDCALLS", 1, "Average talk time"),
    ("calc", "AVG_ACW_TIME", "ACWTIME/ACDCALLS", 1, "Average after call work"),
    ("calc", "PERCENT_ABAN", "100*ABNCALLS/CALLSOFFERED", 1, "Calls abandoned, in hundredths"),
    ("calc", "PERCENT_SERV_LVL", "100*ACCEPTABLE/CALLSOFFERED", 1, "Calls answered in time, in hundredths"),
    ("calc", "DENVER_OCCUPANCY", "100*(I_ACDTIME+I_ACWTIME)/I_STAFFTIME", None, "Ours: occupancy as Denver counts it"),
    ("calc", "COST_PER_CALL", "I_STAFFTIME*AGENT_RATE/3600/ACDCALLS", None, ""),
    ("constant", "AGENT_RATE", "14.50", None, "Dollars an hour"),
    ("constant", "SL_GOAL", "80", None, "Service level goal"),
    ("constant", "SECS_PER_HOUR", "3600", 1, "Seconds of an hour"),
    ("dbase", "ACDCALLS", "ACDCALLS", 1, "ACD calls answered"),
    ("dbase", "ABNCALLS", "ABNCALLS", 1, "Calls abandoned"),
    ("dbase", "I_STAFFTIME", "I_STAFFTIME", 1, "Staffed time in the interval"),
    ("cust_def", "SURVEY_SENT", "EVENT1", None, "Stroke count 1: survey sent"),
)
"""Item type, name, formula, standard (1, or none for a customer's own), description."""

REPORTS = (
    ("Split morning", "jmiller", "g", "Splits since midnight", "2000-03-14"),
    ("Agent time card", "jmiller", "g", "", "2000-02-02"),
    ("VDN weekly", "rgomez", "p", None, "1999-11-30"),
    ("Gold desk watch", "tbrandt", "p", "For the shift lead", "2000-05-19"),
)
"""Report, owner, scope (global or private), description, last changed."""

TIMETABLES = (
    ("cmsadm", "Nightly backup", "daily", "01:30", "Backup of CMS data to tape"),
    ("jmiller", "Morning reports", "weekday", "06:45", "Print split morning report"),
    ("jmiller", "Weekly time cards", "weekly", "07:00", "Print agent time cards"),
    ("rgomez", "Holiday greeting", "once", "23:55", "Change VDN assignments to holiday vector"),
)
