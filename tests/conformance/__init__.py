"""Studio's shape rules held to Keras: real objects, built on generated parameters and inputs."""
