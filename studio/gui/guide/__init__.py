"""The first minute: from the start page to a trained model, its mistakes and an exported file."""
