"""From facts and a target to a script. Nothing here connects."""
