"""The ways to explain one answer of a model, and the tasks that they suit. Declared once, read everywhere."""

from __future__ import annotations

from dataclasses import dataclass

# Tasks whose answer is one number, one class or some labels a sample.
EXPLAINED_TASKS = ("classification", "regression", "ordinal", "count", "multi_label", "forecasting")


@dataclass(frozen=True)
class Method:
    """A way to explain an answer. ``signed`` tells whether parts can speak against it, too."""

    name: str
    label: str
    summary: str
    reference: str
    signed: bool = True


_ALL = (
    Method(
        "occlusion",
        "Occlusion",
        "Takes one part after the other away and sees how far the answer falls.",
        "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks (2014)",
    ),
    Method(
        "shapley",
        "Shapley values (SHAP)",
        "Shares the answer out fairly among the parts: together they add up to it.",
        "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions (2017)",
    ),
    Method(
        "lime",
        "LIME",
        "Fits a simple model to the answers for samples like this one, and reads off its weights.",
        "Ribeiro, Singh & Guestrin, Why Should I Trust You? (2016)",
    ),
    Method(
        "integrated_gradients",
        "Integrated Gradients",
        "Adds up how the answer changes on the way from an empty sample to this one.",
        "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks (2017)",
    ),
    Method(
        "smooth_gradients",
        "SmoothGrad",
        "Shows where small changes move the answer most, averaged over noisy copies.",
        "Smilkov et al., SmoothGrad (2017)",
        signed=False,
    ),
    Method(
        "grad_cam",
        "Grad-CAM",
        "Shows where the last feature maps speak for the answer.",
        "Selvaraju et al., Grad-CAM (2017)",
        signed=False,
    ),
)
METHODS = {method.name: method for method in _ALL}
