"""Files that set up Kine, K3s and YugabyteDB."""
