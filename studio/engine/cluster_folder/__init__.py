"""A folder with all that another engine needs to train a project on a cluster."""
