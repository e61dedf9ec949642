"""Values and results that all packages use. Standard library only; nothing here connects or prints."""
