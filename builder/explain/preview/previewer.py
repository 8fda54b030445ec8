"""Answers to "what does every block make of this sample?", as JSON-ready data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.compiler.analysis import analyse
from builder.data.prepare import Prepared
from builder.errors import stop
from builder.explain.preview.flow import MOST_WEIGHTS, Flow, FlowCache
from builder.explain.preview.pictures import DETAIL, GLANCE, OVERVIEW
from builder.explain.preview.report import Reporter
from builder.explain.preview.run_weights import RunWeights
from builder.explain.preview.samples import sample_of
from builder.graph import Graph

# In models of more blocks each picture is smaller.
MANY_BLOCKS = 60
# Soon enough for pictures to appear one after the other while a large model is computed.
SECONDS = 0.25


class Previewer:
    """Previews of one process: it keeps blocks and results, so that an edit costs what follows from it."""

    def __init__(self) -> None:
        self._cache = FlowCache()

    def preview(
        self,
        graph: Graph,
        prepared: Prepared,
        part: str = "train",
        index: int = 0,
        weights: RunWeights | None = None,
        known: Mapping[str, str] | None = None,
        block: str | None = None,
        seconds: float = SECONDS,
    ) -> dict[str, Any]:
        """Return what every sound block of a model puts out for one sample.

        Args:
            graph: the model as it stands; blocks at or behind an error are left out.
            prepared: the project's data.
            part: ``"train"``, ``"validation"`` or ``"test"``.
            index: the sample's number within the part, from 0.
            weights: those of a run; initial ones where None. Blocks that the run does not have, or had in
                another shape, keep their initial weights.
            known: keys of earlier answers by block; a block whose key is the same is not sent again.
            block: a block of which everything is sent, as ``"detail"``.
            seconds: after so much time an answer that is not complete is given; ask again for the rest.

        Returns:
            ``{"sample", "blocks": {id: {"key", ...}}, "complete", "computed", "weights", "detail"}``. A
            known block has its "key" alone; others have "outputs" (each with port, shape, statistics,
            picture, histogram), "attention", "marks", "weights" and "failure".

        Raises:
            BuilderError: for a sample that is not there, or a model that is too large.
        """
        sample = sample_of(prepared, part, index)
        analysis = analyse(graph, prepared.spec)
        _check_size(sum(outcome.parameters for outcome in analysis.outcomes.values()))
        flow = self._cache.flow(analysis, sample, weights, seconds)
        limits = GLANCE if len(graph.nodes) > MANY_BLOCKS else OVERVIEW
        blocks = Reporter(flow, limits).blocks(known or {})
        detail = Reporter(flow, DETAIL).blocks({}, only=block).get(block) if block else None
        return {
            "sample": sample.to_json(),
            "blocks": blocks,
            "complete": flow.is_complete,
            "computed": flow.computed,
            "weights": _weights_told(flow),
            "detail": None if detail is None else {"id": block, **detail},
        }


def _check_size(parameters: int) -> None:
    if parameters > MOST_WEIGHTS:
        message = (
            f"This model has {parameters:,} weights. The preview runs models of at most {MOST_WEIGHTS:,}: "
            "make the largest block smaller to see what the blocks put out."
        )
        raise stop("too_large_to_preview", message)


def _weights_told(flow: Flow) -> dict[str, Any]:
    owner = flow.analysis.expansion.owner
    initial = [owner(name) for name, step in flow.steps.items() if step.weights == "initial"]
    trained = sum(step.weights == "run" for step in flow.steps.values())
    return {"from_run": trained, "initial": list(dict.fromkeys(initial))}
