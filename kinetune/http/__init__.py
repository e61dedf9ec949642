"""What is read over HTTP. Standard library only."""
