"""Generated stores: the rows of a busy cluster. Besides database/, only this package opens writing sessions."""
