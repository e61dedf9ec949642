"""Load: a store as a busy cluster leaves it. The one room beside database/ that opens a writing session."""
