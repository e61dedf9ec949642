-- Other objects that depend on kine or its sequence, so that DROP would fail: views, foreign keys, defaults.
WITH own (id) AS (
    SELECT to_regclass('kine')::oid
    UNION ALL
    SELECT d.refobjid
    FROM pg_depend AS d
    JOIN pg_attrdef AS a ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND a.adrelid = to_regclass('kine')
    JOIN pg_class AS s ON d.refclassid = 'pg_class'::regclass AND s.oid = d.refobjid AND s.relkind = 'S'
    UNION ALL
    SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid = to_regclass('kine')
)
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) AS name
FROM pg_depend AS d
JOIN own ON d.refclassid = 'pg_class'::regclass AND d.refobjid = own.id
WHERE d.deptype = 'n'
  AND NOT (d.classid = 'pg_attrdef'::regclass
           AND EXISTS (SELECT 1 FROM pg_attrdef AS a WHERE a.oid = d.objid
                       AND (a.adrelid = to_regclass('kine')
                            OR a.adrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('kine')))))
ORDER BY 1
