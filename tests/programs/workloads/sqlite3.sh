#!/usr/bin/env bash
# Tables in memory and on disk, indices, recursion, JSON, a vacuum.
rows=300000
[[ $SHORT ]] && rows=20000
sqlite3 data.db <<SQL
PRAGMA journal_mode = WAL;
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL, data BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
  INSERT INTO t SELECT i, 'name' || (i * 7919 % 10007), i * 1.5, zeroblob(i % 300) FROM n;
CREATE INDEX by_name ON t(name, value);
SELECT name, count(*), sum(value), sum(length(data)) FROM t GROUP BY name ORDER BY 3 DESC LIMIT 20;
UPDATE t SET name = upper(name), data = randomblob(0) WHERE id % 3 = 0;
DELETE FROM t WHERE id % 5 = 0;
SELECT count(*), group_concat(DISTINCT substr(name, 1, 5)) FROM t;
SELECT json_group_array(json_object('id', id, 'name', name)) FROM t WHERE id % 1000 = 1;
SELECT a.name, count(*) FROM t a JOIN t b ON a.name = b.name WHERE a.id < 200 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10;
VACUUM;
PRAGMA integrity_check;
SQL
