CREATE {{ 'UNIQUE ' if index.unique }}INDEX {{ 'CONCURRENTLY ' if online }}{{ name | identifier }} ON {{ table | identifier }}
{%- set comma = joiner(', ') %} (
{%- for key in index.keys %}{{ comma() }}{{ key.column | identifier }}{{ ' DESC' if key.order == 'desc' }}{% endfor %})
{%- if index.include %} INCLUDE ({{ index.include | map('identifier') | join(', ') }}){% endif %}
{%- if index.predicate %} WHERE {{ index.predicate }}{% endif %}
