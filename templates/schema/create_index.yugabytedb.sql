CREATE {{ 'UNIQUE ' if index.unique }}INDEX {{ '' if online else 'NONCONCURRENTLY ' }}{{ name | identifier }} ON {{ table | identifier }}
{%- set comma = joiner(', ') %} (
{%- for key in index.keys %}{{ comma() }}{{ key.column | identifier }} {{ key.order | upper }}{% endfor %})
{%- if index.include %} INCLUDE ({{ index.include | map('identifier') | join(', ') }}){% endif %}
{%- if index.predicate %} WHERE {{ index.predicate }}{% endif %}
