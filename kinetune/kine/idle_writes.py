"""How long a store is observed to see whether it is in use: a cluster that does nothing writes all the same."""

OBSERVE_SECONDS = 3.0
"""An idle cluster writes every 2 s: leader elections renew leases."""
LISTED_SECONDS = 1.0
"""The same where every session of the server is listed: Kine polls once a second."""
