"""The only room that knows psycopg: connect, ask, observe, explain, apply."""
