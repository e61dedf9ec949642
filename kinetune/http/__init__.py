"""Reads metrics and flags over HTTP, with the standard library only."""
