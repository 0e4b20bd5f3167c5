"""What a person's file or folder holds, and the source of a data graph that would read it."""

from studio.graph.looking.found import Found
from studio.graph.looking.kinds import kind_of, look

__all__ = ["Found", "kind_of", "look"]
