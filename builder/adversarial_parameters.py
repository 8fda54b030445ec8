"""The settings of an adversarial training, in which a generator and a discriminator learn from each other."""

from __future__ import annotations

from builder.params import AUTO, Choice, Float, Integer, Parameter

NON_SATURATING, HINGE, WASSERSTEIN = "non_saturating", "hinge", "wasserstein_gradient_penalty"
ADVERSARIAL_LOSSES = (NON_SATURATING, HINGE, WASSERSTEIN)

ADVERSARIAL_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "adversarial_loss",
        Choice(ADVERSARIAL_LOSSES),
        NON_SATURATING,
        "What the two sides make small. Non-saturating is the usual start; the Wasserstein loss with "
        "gradient penalty is steadier against samples that all look alike, and slower.",
    ),
    Parameter(
        "gradient_penalty",
        Float(0, 1000),
        10,
        "How strongly the discriminator's slope is held near 1, which keeps it from growing without limit.",
        advanced=True,
        when={"adversarial_loss": (WASSERSTEIN,)},
    ),
    Parameter(
        "discriminator_steps",
        Integer(1, 50),
        1,
        "So many batches the discriminator learns from for each step of the generator. 5 suits the "
        "Wasserstein loss.",
        advanced=True,
    ),
    Parameter(
        "discriminator_learning_rate",
        Float(0, 10, minimum_open=True),
        AUTO,
        "The size of the discriminator's steps. 'auto' takes the generator's learning rate. Lower it where "
        "the discriminator wins.",
        auto=True,
    ),
)
ADVERSARIAL_NAMES = frozenset(item.name for item in ADVERSARIAL_PARAMETERS)
