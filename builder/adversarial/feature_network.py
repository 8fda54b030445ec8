"""The small network in whose features samples are compared. Generated scripts carry these functions."""

# Scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras
import numpy as np

FEATURES = 32
FEATURE_SEED = 7
FEATURE_ROWS = 5000
FEATURE_EPOCHS = 6
FEATURE_STEPS = 200
FEATURE_BATCH = 64
SAMPLES_AT_ONCE = 256


def feature_network(scaling, samples, rows, classes, class_count):
    """Return the network from samples in the unit of the data to features of mean 0 and variance 1.

    Where there are classes, it has learned to tell them apart; else it squeezes a sample into the features
    and restores it from them.

    Args:
        scaling: a model that scales samples.
        samples: all samples, in the unit of the data.
        rows: the rows to learn from.
        classes: the class of every row.
        class_count: the number of classes.
    """
    rows = np.random.default_rng(FEATURE_SEED).permutation(np.asarray(rows))[:FEATURE_ROWS]
    source, scaled = scaling.inputs[0], scaling.outputs[0]
    described = describe(scaled)
    has_classes = class_count > 1
    if has_classes:
        output = keras.layers.Dense(class_count, "softmax", kernel_initializer=fixed_start(9))(described)
    else:
        output = restore(described, tuple(scaled.shape[1:]))
    whole, plain_scaling = keras.Model(source, output), keras.Model(source, scaled)
    loss = "sparse_categorical_crossentropy" if has_classes else "mean_squared_error"
    whole.compile(keras.optimizers.Adam(0.002), loss, jit_compile=False)
    for chosen in feature_batches(rows):
        # Batch by batch: all pictures as floats could fill the memory.
        some = np.asarray(samples[chosen], np.float32)
        whole.train_on_batch(some, np.asarray(classes[chosen] if has_classes else plain_scaling(some)))
    plain = keras.Model(source, described)
    found = features_of(plain, samples[rows])
    means, variances = found.mean(axis=0).tolist(), (found.var(axis=0) + 1e-6).tolist()
    normalized = keras.layers.Normalization(mean=means, variance=variances)(described)
    return keras.Model(source, normalized, name="features")


def feature_batches(rows):
    """Yield the rows of every training step, each epoch in another order."""
    size = min(FEATURE_BATCH, len(rows))
    steps = max(len(rows) // size, 1)
    for epoch in range(max(FEATURE_EPOCHS, -(-FEATURE_STEPS // steps))):
        order = np.random.default_rng((FEATURE_SEED, epoch)).permutation(rows)
        yield from (order[start : start + size] for start in range(0, steps * size, size))


def describe(x):
    """Return a few numbers that describe a scaled sample, a picture or a series."""
    is_image = len(x.shape) == 4
    convolution = keras.layers.Conv2D if is_image else keras.layers.Conv1D
    for number, filters in enumerate((16, 32, 64)):
        x = convolution(filters, 3, 2, "same", activation="relu", kernel_initializer=fixed_start(number))(x)
    if max(x.shape[1:-1]) <= 8:
        x = keras.layers.Flatten()(x)
    else:
        pooling = keras.layers.GlobalAveragePooling2D if is_image else keras.layers.GlobalAveragePooling1D
        x = pooling()(x)
    return keras.layers.Dense(FEATURES, "tanh", kernel_initializer=fixed_start(5))(x)


def restore(x, shape):
    """Return a sample of a shape from the numbers that describe it."""
    x = keras.layers.Dense(128, "relu", kernel_initializer=fixed_start(6))(x)
    x = keras.layers.Dense(int(np.prod(shape)), kernel_initializer=fixed_start(7))(x)
    return keras.layers.Reshape(shape)(x)


def fixed_start(number):
    """Return an initializer with a seed of its own, so that no run's random numbers depend on it."""
    return keras.initializers.GlorotUniform(seed=FEATURE_SEED + number)


def features_of(network, samples):
    """Return the features of samples in the unit of the data, (samples, 32)."""
    parts = np.split(samples, range(SAMPLES_AT_ONCE, len(samples), SAMPLES_AT_ONCE))
    return np.concatenate([np.asarray(network(part.astype(np.float32))) for part in parts])
