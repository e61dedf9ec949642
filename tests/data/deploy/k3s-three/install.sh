#!/usr/bin/env bash
# Made by kinetune VERSION: kinetune render k3s --endpoint 'postgres://kine@db1:5433,db2:5433,db3:5433/kubernetes?sslmode=verify-full' --servers 3 --ca-file /etc/kine/ca.crt --cert-file /etc/kine/kine.crt --key-file /etc/kine/kine.key --address k3s.example
#
# Install stock K3s v1.36.4+k3s1 on this machine as server NUMBER of 3:
#   kinetune init --k3s v1.36.4+k3s1 'postgres://kine@db1:5433,db2:5433,db3:5433/kubernetes?sslmode=verify-full'      # once, before the first server
#   sudo ./install.sh 1      # creates /etc/rancher/k3s/token
#   Copy this folder and the token to the next machine, and run there: sudo ./install.sh 2
# If the database has a password, write /etc/rancher/k3s/pgpass first: HOST:PORT:DATABASE:USER:PASSWORD
set -euo pipefail

number=${1:?usage: sudo ./install.sh NUMBER}
here=$(cd "$(dirname "$0")" && pwd)
config=/etc/rancher/k3s
[ -f "$here/server-$number.yaml" ] || {
  echo "server-$number.yaml is missing beside this script" >&2
  exit 2
}
if [ "$number" != 1 ] && [ ! -s "$config/token" ]; then
  echo "copy $config/token of server 1 to this machine first" >&2
  exit 2
fi

umask 077
mkdir -p "$config" /etc/systemd/system/k3s.service.d
[ -s "$config/token" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$config/token"
install -m 600 "$here/server-$number.yaml" "$config/config.yaml"
printf '[Service]\nEnvironment=PGPASSFILE=%s/pgpass\n' "$config" >/etc/systemd/system/k3s.service.d/pgpass.conf

curl -sfL https://get.k3s.io | INSTALL_K3S_VERSION=v1.36.4+k3s1 sh -s - server
k3s kubectl get nodes
