"""What is written by hand about each op, a family a file; every module here is read in."""
