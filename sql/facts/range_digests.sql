-- A digest of each 1,000 ids of kine: number of rows, least and greatest id, sum of the ids, and an md5 over all columns
-- of all rows in the order of their ids. Values are part of it by their own md5, so no value leaves the server. NULL in
-- an integer column counts as 0. Two stores are equal if these rows are equal; psql -f runs this file as it is.
SELECT number,
       count(*) AS rows,
       min(id) AS min_id,
       max(id) AS max_id,
       sum(id)::bigint AS sum_ids,
       md5(convert_to(string_agg(line, E'\n' ORDER BY id), 'UTF8')) AS md5
FROM (SELECT id::bigint / 1000 AS number,
             id::bigint AS id,
             concat(id::bigint, '|', coalesce(created, 0), '|', coalesce(deleted, 0), '|',
                    coalesce(create_revision, 0), '|', coalesce(prev_revision, 0), '|', coalesce(lease, 0), '|',
                    coalesce(md5(value), '-'), '|', coalesce(md5(old_value), '-'), '|', name) AS line
      FROM kine
      WHERE id > 0
      OFFSET 0) AS lines
GROUP BY number
ORDER BY number
