"""Benchmarks behind the profiles, and budgets of time and memory: `make bench`, or `python -m bench explain`."""
