-- YugabyteDB has no TABLESAMPLE: go from resource to resource by their prefixes and read at most 2,000 rows of each.
-- Keys without a resource (Kine's own /registry/health) are skipped, because they would end the recursion. A resource
-- counts by its rows. Needs a range-sharded index on name.
WITH RECURSIVE resource (prefix) AS (
    SELECT (SELECT substring(name from '^/registry/[^/]+/') FROM kine
            WHERE name > '/registry/' AND name < '/registry0' AND name LIKE '/registry/%/%' ORDER BY name LIMIT 1)
    UNION ALL
    SELECT (SELECT substring(k.name from '^/registry/[^/]+/') FROM kine AS k
            WHERE k.name >= left(r.prefix, -1) || '0' AND k.name < '/registry0' AND k.name LIKE '/registry/%/%' ORDER BY k.name LIMIT 1)
    FROM resource AS r
    WHERE r.prefix IS NOT NULL
)
SELECT sampled.name
FROM resource AS r
CROSS JOIN LATERAL (SELECT k.name FROM kine AS k WHERE k.name >= r.prefix AND k.name < left(r.prefix, -1) || '0' LIMIT 2000) AS sampled
WHERE r.prefix IS NOT NULL
