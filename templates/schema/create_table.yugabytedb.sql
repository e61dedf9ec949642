CREATE TABLE kine (
{% for column in columns %}
    {{ column.name | identifier }} {{ 'BIGSERIAL' if column.name == 'id' else column.type }}{{ ' COLLATE "C"' if column.collation }},
{% endfor %}
    CONSTRAINT kine_pkey PRIMARY KEY (id {{ primary_key.keys[0].order | upper }})
)
