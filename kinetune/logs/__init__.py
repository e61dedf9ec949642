"""Logs of Kine, K3s and PostgreSQL → slow calls, signals and plans. Nothing in this package opens a connection."""
