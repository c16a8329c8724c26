"""Draw one part of the desk each; a widget is told the model and never asks the network."""
