"""Values into text, one file per format; table.py lists them."""
