"""The models of keras.applications, put together layer by layer from the layers' own rules."""
