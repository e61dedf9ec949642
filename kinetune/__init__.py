"""kinetune: prepare, explain and guard the SQL store behind Kine."""

__version__ = "0.1.0"
