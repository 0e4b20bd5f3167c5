"""The columns of a table in a dialog: what is in each, and what it is for."""
