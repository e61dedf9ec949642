"""A report (model/report.py) as text: one module for each format, listed in formats.py."""
