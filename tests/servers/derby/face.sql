-- The Informix face of a Derby database: functions, and the catalogue as views over Derby's own.
CREATE SCHEMA face;
CREATE SCHEMA informix;
CREATE FUNCTION face.ascii(given VARCHAR(32672)) RETURNS INTEGER
    LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL DETERMINISTIC EXTERNAL NAME 'Functions.ascii';
CREATE FUNCTION face.daynumber(given DATE) RETURNS INTEGER
    LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL DETERMINISTIC EXTERNAL NAME 'Functions.dayNumber';
CREATE FUNCTION face.octet_length(given VARCHAR(32672)) RETURNS INTEGER
    LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL DETERMINISTIC EXTERNAL NAME 'Functions.octetLength';
CREATE FUNCTION face.trunc(given DECIMAL(31, 8)) RETURNS DECIMAL(31, 0)
    LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL DETERMINISTIC EXTERNAL NAME 'Functions.trunc';
CREATE FUNCTION face.index_type(derby VARCHAR(1000)) RETURNS CHAR(1)
    LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL DETERMINISTIC EXTERNAL NAME 'Functions.indexType';
CREATE FUNCTION face.index_part(derby VARCHAR(1000), nth INTEGER) RETURNS SMALLINT
    LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL DETERMINISTIC EXTERNAL NAME 'Functions.indexPart';
CREATE FUNCTION face.number(uuid CHAR(36)) RETURNS INTEGER
    LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL DETERMINISTIC EXTERNAL NAME 'Functions.number';
CREATE PROCEDURE face.nothing() LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL EXTERNAL NAME 'Functions.nothing';
CREATE PROCEDURE face.message(
    IN given VARCHAR(4000), IN code INTEGER, IN size SMALLINT, IN tokens VARCHAR(4000), IN module VARCHAR(100),
    IN d0 INTEGER, IN d1 INTEGER, IN d2 INTEGER, IN d3 INTEGER, IN d4 INTEGER, IN d5 INTEGER,
    IN warnings VARCHAR(100), IN state VARCHAR(100), IN file VARCHAR(100), IN locale VARCHAR(100),
    INOUT message VARCHAR(4000), INOUT outcome DECIMAL(9, 0), INOUT ccsid DECIMAL(9, 0)
) LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL EXTERNAL NAME 'Functions.message(java.lang.String,int,short,java.lang.String,java.lang.String,int,int,int,int,int,int,java.lang.String,java.lang.String,java.lang.String,java.lang.String,java.lang.String[],java.math.BigDecimal[],java.math.BigDecimal[])';
CREATE TABLE face.type_overrides (
    tableid CHAR(36) NOT NULL, columnname VARCHAR(128) NOT NULL,
    coltype SMALLINT NOT NULL, collength SMALLINT NOT NULL, extended_id INTEGER NOT NULL,
    PRIMARY KEY (tableid, columnname)
);
CREATE TABLE face.settings (locale VARCHAR(128) NOT NULL);
INSERT INTO face.settings VALUES 'en_US.57372';
CREATE VIEW face.tables (tableid, tabid, tabname, owner, tabtype) AS
    SELECT t.tableid, CAST(COALESCE(c.conglomeratenumber, face.number(t.tableid)) AS INTEGER),
        LOWER(t.tablename), LOWER(s.schemaname), CASE t.tabletype WHEN 'A' THEN 'S' ELSE t.tabletype END
    FROM sys.systables t
    JOIN sys.sysschemas s ON s.schemaid = t.schemaid
    LEFT JOIN sys.sysconglomerates c ON c.tableid = t.tableid AND NOT c.isindex
    WHERE t.tabletype IN ('T', 'V', 'A') AND s.schemaname NOT IN ('FACE', 'INFORMIX');
CREATE VIEW informix.systables
    (tabname, owner, partnum, tabid, rowsize, ncols, nindexes, nrows, created, tabtype, locklevel, site, dbname) AS
    SELECT CAST(tabname AS VARCHAR(128)), CAST(owner AS CHAR(32)), tabid, tabid, CAST(0 AS SMALLINT),
        CAST((SELECT COUNT(*) FROM sys.syscolumns c WHERE c.referenceid = t.tableid) AS SMALLINT), CAST(0 AS SMALLINT),
        CAST(0 AS DOUBLE), CURRENT_DATE, CAST(tabtype AS CHAR(1)), 'R', CAST('' AS VARCHAR(128)),
        CAST('' AS VARCHAR(128))
    FROM face.tables t
    UNION ALL
    SELECT CAST(RTRIM(n) AS VARCHAR(128)), CAST('informix' AS CHAR(32)), id, id, CAST(0 AS SMALLINT), CAST(0 AS SMALLINT),
        CAST(0 AS SMALLINT), CAST(0 AS DOUBLE), CURRENT_DATE, CAST(k AS CHAR(1)), 'R',
        CAST(CASE WHEN id >= 90 THEN locale ELSE '' END AS VARCHAR(128)), CAST('' AS VARCHAR(128))
    FROM (VALUES ('systables', 1, 'T'), ('syscolumns', 2, 'T'), ('sysindices', 3, 'T'), ('systabauth', 4, 'T'),
        ('GL_COLLATE', 90, ' '), ('GL_CTYPE', 91, ' ')) AS fixed (n, id, k), face.settings;
CREATE FUNCTION face.columns() RETURNS TABLE
    (colname VARCHAR(128), tabid INTEGER, colno SMALLINT, coltype SMALLINT, collength SMALLINT, extended_id INTEGER)
    LANGUAGE JAVA PARAMETER STYLE DERBY_JDBC_RESULT_SET READS SQL DATA EXTERNAL NAME 'Catalogue.columns';
CREATE VIEW informix.syscolumns
    (colname, tabid, colno, coltype, collength, colmin, colmax, extended_id, seclabelid, colattr) AS
    SELECT colname, tabid, colno, coltype, collength, CAST(NULL AS INTEGER), CAST(NULL AS INTEGER), extended_id,
        CAST(0 AS SMALLINT), CAST(0 AS SMALLINT)
    FROM TABLE (face.columns()) AS c;
CREATE VIEW informix.sysindexes
    (idxname, owner, tabid, idxtype, clustered, part1, part2, part3, part4, part5, part6, part7, part8, part9, part10,
        part11, part12, part13, part14, part15, part16) AS
    SELECT CAST(LOWER(i.conglomeratename) AS VARCHAR(128)), CAST(t.owner AS CHAR(32)), t.tabid,
        face.index_type(CAST(i.descriptor AS VARCHAR(1000))), CAST('-' AS CHAR(1)),
        face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 1), face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 2),
        face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 3), face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 4),
        face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 5), face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 6),
        face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 7), face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 8),
        face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 9), face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 10),
        face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 11), face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 12),
        face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 13), face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 14),
        face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 15), face.index_part(CAST(i.descriptor AS VARCHAR(1000)), 16)
    FROM sys.sysconglomerates i
    JOIN face.tables t ON t.tableid = i.tableid
    WHERE i.isindex;
CREATE VIEW informix.sysconstraints (constrid, constrname, owner, tabid, constrtype, idxname) AS
    SELECT face.number(k.constraintid), CAST(LOWER(k.constraintname) AS VARCHAR(128)), CAST(t.owner AS CHAR(32)),
        t.tabid, CAST(CASE k.type WHEN 'F' THEN 'R' ELSE k.type END AS CHAR(1)),
        CAST(LOWER(i.conglomeratename) AS VARCHAR(128))
    FROM sys.sysconstraints k
    JOIN face.tables t ON t.tableid = k.tableid
    LEFT JOIN (
        SELECT constraintid, conglomerateid FROM sys.syskeys
        UNION ALL SELECT constraintid, conglomerateid FROM sys.sysforeignkeys
    ) AS x ON x.constraintid = k.constraintid
    LEFT JOIN sys.sysconglomerates i ON i.conglomerateid = x.conglomerateid;
CREATE VIEW informix.systriggers (trigid, trigname, owner, tabid, event, "OLD", "NEW", mode, "COLLATION") AS
    SELECT face.number(g.triggerid), CAST(LOWER(g.triggername) AS VARCHAR(128)), CAST(t.owner AS CHAR(32)), t.tabid,
        CAST(g.event AS CHAR(1)), CAST('' AS VARCHAR(128)), CAST('' AS VARCHAR(128)), CAST('' AS CHAR(1)),
        CAST('' AS CHAR(32))
    FROM sys.systriggers g
    JOIN face.tables t ON t.tableid = g.tableid;
CREATE VIEW informix.sysreferences (constrid, "PRIMARY", ptabid, updrule, delrule, matchtype, pendant) AS
    SELECT face.number(f.constraintid), face.number(f.keyconstraintid), t.tabid, CAST('R' AS CHAR(1)),
        CAST(CASE f.deleterule WHEN 'C' THEN 'C' ELSE 'R' END AS CHAR(1)), CAST('N' AS CHAR(1)), CAST('N' AS CHAR(1))
    FROM sys.sysforeignkeys f
    JOIN sys.sysconstraints k ON k.constraintid = f.keyconstraintid
    JOIN face.tables t ON t.tableid = k.tableid;
CREATE VIEW informix.syschecks (constrid, type, seqno, checktext) AS
    SELECT face.number(c.constraintid), CAST('T' AS CHAR(1)), CAST(piece AS SMALLINT),
        CAST(SUBSTR(CAST(c.checkdefinition AS VARCHAR(32672)), piece * 32 + 1, 32) AS CHAR(32))
    FROM sys.syschecks c, (VALUES 0, 1, 2, 3) AS pieces (piece)
    WHERE LENGTH(CAST(c.checkdefinition AS VARCHAR(32672))) > piece * 32;
CREATE VIEW informix.sysobjstate (objtype, owner, name, tabid, state) AS
    SELECT CAST('T' AS CHAR(1)), CAST(t.owner AS VARCHAR(32)), CAST(LOWER(g.triggername) AS VARCHAR(128)), t.tabid,
        CAST(g.state AS CHAR(1))
    FROM sys.systriggers g
    JOIN face.tables t ON t.tableid = g.tableid
    UNION ALL
    SELECT CAST('C' AS CHAR(1)), CAST(t.owner AS VARCHAR(32)), CAST(LOWER(k.constraintname) AS VARCHAR(128)), t.tabid,
        CAST(CASE WHEN k.constraintname LIKE 'SWITCHED_OFF%' THEN 'D' ELSE 'E' END AS CHAR(1))
    FROM sys.sysconstraints k
    JOIN face.tables t ON t.tableid = k.tableid;
CREATE VIEW informix.sysxtdtypes (extended_id, name, owner, mode, length) AS
    SELECT id, CAST(RTRIM(n) AS VARCHAR(128)), CAST('informix' AS CHAR(32)), CAST('B' AS CHAR(1)), 0
    FROM (VALUES (1, 'lvarchar'), (2, 'sendrecv'), (5, 'boolean'), (10, 'blob'), (11, 'clob')) AS fixed (id, n);
CREATE FUNCTION face.session_id() RETURNS INTEGER
    LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL EXTERNAL NAME 'Sessions.own';
CREATE FUNCTION face.sessions() RETURNS TABLE (sid INTEGER, username VARCHAR(128), is_wlock INTEGER)
    LANGUAGE JAVA PARAMETER STYLE DERBY_JDBC_RESULT_SET READS SQL DATA EXTERNAL SECURITY DEFINER
    EXTERNAL NAME 'Sessions.all';
CREATE VIEW informix.syssessions (sid, username, uid, pid, hostname, connected, is_wlock) AS
    SELECT sid, CAST(username AS CHAR(32)), 0, 0, CAST('' AS CHAR(16)), 0, is_wlock FROM TABLE (face.sessions()) AS s;
CREATE FUNCTION face.locks() RETURNS TABLE (sid INTEGER, tabname VARCHAR(128))
    LANGUAGE JAVA PARAMETER STYLE DERBY_JDBC_RESULT_SET READS SQL DATA EXTERNAL SECURITY DEFINER
    EXTERNAL NAME 'Sessions.locks';
CREATE VIEW informix.syslocks (dbsname, tabname, rowidlk, keynum, type, owner, waiter) AS
    SELECT CAST('cms' AS VARCHAR(128)), tabname, 0, 0, CAST('X' AS CHAR(4)), sid, 0 FROM TABLE (face.locks()) AS l;
CREATE VIEW informix.sysdri (type, state, name) AS
    SELECT CAST(t AS CHAR(50)), CAST('off' AS CHAR(50)), CAST('' AS CHAR(128))
    FROM (VALUES 'standard') AS fixed (t);
CREATE VIEW informix.sysusers (username, usertype, priority) AS
    SELECT CAST(n AS CHAR(32)), CAST(k AS CHAR(1)), CAST(p AS SMALLINT)
    FROM (VALUES ('@OWNER@', 'D', 9), ('informix', 'D', 9), ('public', 'C', 5)) AS fixed (n, k, p);
CREATE VIEW informix.systabauth (grantor, grantee, tabid, tabauth) AS
    SELECT CAST(LOWER(p.grantor) AS CHAR(32)), CAST(LOWER(p.grantee) AS CHAR(32)), t.tabid, CAST(
        CASE WHEN p.selectpriv = 'N' THEN '-' ELSE 's' END || CASE WHEN p.updatepriv = 'N' THEN '-' ELSE 'u' END
        || '-' || CASE WHEN p.insertpriv = 'N' THEN '-' ELSE 'i' END
        || CASE WHEN p.deletepriv = 'N' THEN '-' ELSE 'd' END || '----' AS CHAR(9))
    FROM sys.systableperms p
    JOIN face.tables t ON t.tableid = p.tableid
    UNION ALL SELECT CAST(owner AS CHAR(32)), CAST(owner AS CHAR(32)), tabid, 'su-idxar-' FROM face.tables;
GRANT SELECT ON face.tables TO PUBLIC;
GRANT SELECT ON face.type_overrides TO PUBLIC;
GRANT SELECT ON informix.systables TO PUBLIC;
GRANT SELECT ON informix.syscolumns TO PUBLIC;
GRANT SELECT ON informix.sysindexes TO PUBLIC;
GRANT SELECT ON informix.sysconstraints TO PUBLIC;
GRANT SELECT ON informix.sysxtdtypes TO PUBLIC;
GRANT SELECT ON informix.systriggers TO PUBLIC;
GRANT SELECT ON informix.sysreferences TO PUBLIC;
GRANT SELECT ON informix.syschecks TO PUBLIC;
GRANT SELECT ON informix.sysobjstate TO PUBLIC;
GRANT SELECT ON informix.sysusers TO PUBLIC;
GRANT SELECT ON informix.systabauth TO PUBLIC;
GRANT SELECT ON informix.syssessions TO PUBLIC;
GRANT SELECT ON informix.syslocks TO PUBLIC;
GRANT SELECT ON informix.sysdri TO PUBLIC;
GRANT EXECUTE ON FUNCTION face.session_id TO PUBLIC;
GRANT EXECUTE ON FUNCTION face.ascii TO PUBLIC;
GRANT EXECUTE ON FUNCTION face.daynumber TO PUBLIC;
GRANT EXECUTE ON FUNCTION face.octet_length TO PUBLIC;
GRANT EXECUTE ON FUNCTION face.trunc TO PUBLIC;
GRANT EXECUTE ON PROCEDURE face.nothing TO PUBLIC;
GRANT EXECUTE ON PROCEDURE face.message TO PUBLIC
