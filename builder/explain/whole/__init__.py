"""What a model goes by on the whole: importance, summaries of explanations, dependence, and simple rules."""
