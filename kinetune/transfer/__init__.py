"""Stores as streams of rows: sources to read from, the table or file to write to, and the comparison of both."""
