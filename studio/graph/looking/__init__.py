"""What a person's file or folder holds, and the source of a data graph that would read it."""
