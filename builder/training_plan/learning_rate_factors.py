"""Learning rates of their own for some layers: low ones for what was trained before."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


def with_learning_rate_factors(optimizer, model, factors):
    """Return the optimizer, which from now on trains some layers faster or slower than the others.

    ``factors`` maps a layer's name to the factor of the learning rate of its weights. A layer within
    another model is named ``"model/layer"``, and the factors of both apply to it.

    Reference: Howard & Ruder, Universal Language Model Fine-tuning (2018), section 3.2.
    """

    def rates(layers, place, outer):
        for layer in layers:
            factor = outer * factors.get(place + layer.name, 1.0)
            yield from ((id(variable), factor) for variable in layer.trainable_variables)
            yield from rates(getattr(layer, "layers", ()), f"{place}{layer.name}/", factor)

    # By variable: the layers within a pretrained network do not bear its name in their weights' paths.
    by_variable = dict(rates(model.layers, "", 1.0))
    update_step, decay = optimizer.update_step, optimizer._apply_weight_decay

    def factor_of(variable):
        trained = optimizer._trainable_variables[optimizer._get_variable_index(variable)]
        return by_variable.get(id(trained), 1.0)

    def scaled_step(gradient, variable, learning_rate):
        update_step(gradient, variable, learning_rate * factor_of(variable))

    def scaled_decay(variables):
        # Weights decay by a share of the learning rate, which Keras takes to be the same for all.
        for variable in variables:
            before = keras.ops.copy(variable)
            decay([variable])
            factor = factor_of(variable)
            if factor != 1.0:
                variable.assign(before + factor * (variable - before))

    optimizer.update_step, optimizer._apply_weight_decay = scaled_step, scaled_decay
    return optimizer
