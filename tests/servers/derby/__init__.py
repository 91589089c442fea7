"""A real DRDA server that presents itself as Informix: Apache Derby behind a shim, for the vendor's own driver.

`network_server` starts Derby and makes databases in it, `shim` makes ibm_db take it for Informix and breaks what a
test tells it to (`faults`), `loading` fills databases and reads them back without the code under test, `fake_servers`
only seem to be servers. Messages, transactions, locks and errors are those of a real server over a real driver.

What is not as in Informix:

- Names in results are in capitals; the catalogue gives them in lower case.
- CHAR(n) counts characters, not bytes, and is at most 254 wide: a wider one becomes VARCHAR.
- There are no last committed rows: COMMITTED READ LAST COMMITTED reads uncommitted ones, so that it never waits.
- REPEATABLE READ keeps the rows it read as they are, but lets others add rows that it would have read.
- SET LOCK MODE is taken and does nothing: whoever waits, waits 2 seconds.
- A lock that is not to be had ends the transaction; in Informix it ends the statement only.
- Errors have no ISAM code. An SQLSTATE of Derby that the error codes of Informix lack arrives as SQLCODE -20001 with
  its text.
- COUNT is an INTEGER, SUM has the type of what is summed and may overflow; in Informix both are DECIMAL.
- The quotient of two integers is an integer.
- SUBSTR of a place past the end is the empty string; ASCII of that is 0.
- Only numbers and dates are cast to CHAR, and no number to VARCHAR; a number and a text are not compared.
- CHAR and VARCHAR sort by code point.
- SKIP and FIRST take literals only.
- DATETIME YEAR TO anything is a TIMESTAMP, and the catalogue calls it YEAR TO SECOND; INTERVAL is a VARCHAR. See
  `Database.pretend_type` for columns that should look like another type.
- sysmaster:syssessions lists the connections Derby really has to the one database, with numbers that begin anew
  when the database is started; of its columns only sid, username and is_wlock are true.
- sysmaster:syslocks lists who holds locks for writing on a table, and only that; sysmaster:sysdri says that the server
  plays no part in data replication.
- Tables belong to the database's owner; nrows, rowsize and dates of the catalogue are not maintained.
- MERGE, BOOLEAN literals 't' and 'f', `x::type` and TO_DATE are not there.
- An unlogged database cannot lose its transactions in Derby: a commit and a rollback both keep what was written, and
  are answered with -255 and -256. What was written on a connection that is lost is gone.
"""
