{ config, ... }:
{
  services.k3s = {
    enable = true;
    role = "server";
    extraFlags = toString [
      "--datastore-endpoint='postgres://k3s:redacted@10.0.0.9:6432/K3S'"
      "--disable traefik"
    ];
  };
}
