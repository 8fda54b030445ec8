"""Learning rates of their own for some layers: low ones for what was trained before."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs


def with_learning_rate_factors(optimizer, factors):
    """Return the optimizer, which from now on trains some layers faster or slower than the others.

    ``factors`` maps a layer's name to the factor of the learning rate of its weights.

    Reference: Howard & Ruder, Universal Language Model Fine-tuning (2018), section 3.2.
    """
    update_step = optimizer.update_step

    def scaled_step(gradient, variable, learning_rate):
        path = optimizer._trainable_variables[optimizer._get_variable_index(variable)].path
        factor = next((factors[part] for part in path.split("/") if part in factors), 1.0)
        update_step(gradient, variable, learning_rate * factor)

    optimizer.update_step = scaled_step
    return optimizer
