"""Values every room speaks in. Standard library only; nothing here connects, reads or prints."""
