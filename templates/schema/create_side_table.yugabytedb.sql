CREATE TABLE {{ table }} (
{% for column in columns %}
    {{ column.name | identifier }} {{ column.type }}{{ ' COLLATE "C"' if column.collation }}{{ ' NOT NULL' if column.name == 'id' }},
{% endfor %}
    CONSTRAINT kinetune_new_kine_pkey PRIMARY KEY (id {{ primary_key.keys[0].order | upper }})
)
