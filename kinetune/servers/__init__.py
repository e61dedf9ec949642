"""What PostgreSQL and YugabyteDB are. Only this room compares versions; everyone else asks server.can(...)."""
