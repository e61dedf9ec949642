"""Logs: text to slow calls. One file per format; nothing here connects to anything."""
