"""One file per rule. table.py lists all rules in order of codes; runner.py runs them on the facts of a context."""
