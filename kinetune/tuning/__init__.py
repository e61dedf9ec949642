"""Scripts of changes, planned from facts and a target schema. Nothing here connects to a server."""
