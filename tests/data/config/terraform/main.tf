module "k3s" {
  source             = "../modules/k3s"
  datastore_endpoint = "postgres://k3s:${var.password}@pgbouncer.example:5432/k3s"
  # datastore_endpoint = "postgres://k3s:redacted@old.example:5432/K3S"
  server_flags = "--disable traefik --datastore-endpoint=postgres://k3s:redacted@10.0.0.9:5432/K3S"
}
