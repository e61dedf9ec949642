"""The numbers behind the profiles, and the budgets of issue 3: `make bench`, or `python -m bench explain`."""
