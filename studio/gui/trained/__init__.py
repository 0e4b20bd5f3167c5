"""What is done with the model of a run: exported, evaluated, asked for predictions."""
