"""PostgreSQL and YugabyteDB. Only this room compares versions; other rooms call server.can(...)."""
