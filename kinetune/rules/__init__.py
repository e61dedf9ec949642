"""One file a rule; table.py lists them in order of codes, judge.py lets them speak."""
