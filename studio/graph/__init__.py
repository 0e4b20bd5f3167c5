"""The document: a project, what may stand in it, what is wrong with it, how it changes."""
