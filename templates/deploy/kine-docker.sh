#!/bin/sh
# {{ made }}
#
# Kine as a container, with the host network because its ports are on loopback. /etc/kine/pgpass is mounted if it exists.
set -eu
set -- \
{% for name, value in settings %}
  -e {{ (name ~ "=" ~ value)|shell }} \
{% endfor %}
{% for path in (v.ca_file, v.cert_file, v.key_file) if path %}
  -v {{ (path ~ ":" ~ path ~ ":ro")|shell }} \
{% endfor %}
  {{ image|shell }} \
  {{ flags|map("shell")|join(" ") }}
[ ! -e /etc/kine/pgpass ] || set -- -v /etc/kine/pgpass:/etc/kine/pgpass:ro "$@"
exec docker run -d --name kine --network host --restart unless-stopped "$@"
