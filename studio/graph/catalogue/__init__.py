"""One description for every op: its parameters, ports, family, help and shape rule."""
