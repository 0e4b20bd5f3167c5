"""The form of a call: a field for each kind of parameter, and what stands around it."""
