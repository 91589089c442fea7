"""The queries on Informix's own catalogue.

Identifiers are never quoted: whether quotes would name something or be a string depends on the session.
"""

from __future__ import annotations

from collections.abc import Sequence

TABLES = "SELECT tabname, owner, tabid, tabtype FROM informix.systables WHERE tabid >= 100 AND tabtype IN ('T', 'V')"
COLUMNS = (
    "SELECT c.tabid, c.colno, c.colname, c.coltype, c.collength, x.name "
    "FROM informix.syscolumns c LEFT OUTER JOIN informix.sysxtdtypes x ON c.extended_id = x.extended_id "
    "WHERE {tables} ORDER BY c.tabid, c.colno"
)
PARTS = ", ".join(f"part{number}" for number in range(1, 17))
INDEXES = f"SELECT tabid, idxname, idxtype, {PARTS} FROM informix.sysindexes WHERE {{tables}} ORDER BY tabid, idxname"
CONSTRAINTS = "SELECT tabid, constrname, constrtype, idxname FROM informix.sysconstraints WHERE {tables}"
TRIGGERS = (
    "SELECT g.tabid, g.trigname, g.event, o.state FROM informix.systriggers g LEFT OUTER JOIN informix.sysobjstate o "
    "ON o.objtype = 'T' AND o.tabid = g.tabid AND o.name = g.trigname AND o.owner = g.owner "
    "WHERE {tables} ORDER BY g.tabid, g.trigname"
)
REFERENCES = (
    "SELECT c.constrname, c.tabid, r.ptabid, r.delrule, o.state FROM informix.sysreferences r "
    "JOIN informix.sysconstraints c ON c.constrid = r.constrid LEFT OUTER JOIN informix.sysobjstate o "
    "ON o.objtype = 'C' AND o.tabid = c.tabid AND o.name = c.constrname AND o.owner = c.owner ORDER BY c.constrname"
)
"""All of the database: following them shows which of them a write reaches."""
CHECKS = (
    "SELECT c.tabid, c.constrname, k.seqno, k.checktext FROM informix.sysconstraints c "
    "JOIN informix.syschecks k ON k.constrid = c.constrid WHERE k.type = 'T' AND {tables} "
    "ORDER BY c.tabid, c.constrname, k.seqno"
)
LOCALE = "SELECT site FROM informix.systables WHERE tabname = 'GL_COLLATE'"
ONE_ROW = "FROM informix.systables WHERE tabid = 1"
VERSION = f"SELECT DBINFO('version', 'full') {ONE_ROW}"
USER = f"SELECT USER {ONE_ROW}"
SESSION = f"SELECT DBINFO('sessionid') {ONE_ROW}"
SESSIONS = "SELECT COUNT(*) FROM sysmaster:syssessions WHERE {which}"
SESSION_ALIVE = SESSIONS.format(which="sid = ? AND sid <> DBINFO('sessionid')")
"""Whether a session lives; never the one that asks, which may have the same number after a restart."""
LOCK_HOLDERS = (
    "SELECT DISTINCT s.sid, s.username, s.hostname FROM sysmaster:syslocks l JOIN sysmaster:syssessions s "
    "ON s.sid = l.owner WHERE l.dbsname = DBINFO('dbname') AND l.tabname = ? ORDER BY s.sid"
)
REPLICATION_ROLE = "SELECT type FROM sysmaster:sysdri"
"""The server's role in data replication: primary, secondary, or none (Administrator's Reference, sysdri)."""
WAITING_SESSIONS = SESSIONS.format(which="is_wlock = 1")
HOST = f"SELECT DBINFO('dbhostname') {ONE_ROW}"
SERVER_NAME = f"SELECT DBSERVERNAME {ONE_ROW}"
LOGGING = "SELECT is_logging, is_ansi FROM sysmaster:sysdatabases WHERE name = DBINFO('dbname')"
AT_ONCE = 100
"""Values in one list."""


def in_tables(tabids: Sequence[int], column: str = "tabid") -> str:
    """Return the condition on tables; the ids come from the catalogue itself."""
    return f"{column} IN ({', '.join(str(int(tabid)) for tabid in tabids)})"
