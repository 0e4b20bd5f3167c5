"""The desktop app: a view of studio.graph and a driver of studio.engine. No TensorFlow here."""
