-- NULL in columns that most releases of Kine cannot read, in the oldest and the newest 2,000 rows.
SELECT count(*) AS looked,
       count(*) FILTER (WHERE create_revision IS NULL) AS create_revision,
       count(*) FILTER (WHERE prev_revision IS NULL) AS prev_revision,
       count(*) FILTER (WHERE lease IS NULL) AS lease
FROM ((SELECT id, create_revision, prev_revision, lease FROM kine ORDER BY id LIMIT 2000)
      UNION
      (SELECT id, create_revision, prev_revision, lease FROM kine ORDER BY id DESC LIMIT 2000)) AS ends
