"""A project that goes on from a pretrained encoder: its words, blocks and weights, and a head for labels."""

from __future__ import annotations

from dataclasses import replace

from builder.errors import stop
from builder.graph import Edge, Graph, Node
from builder.project import DataRecipe, Project

MASKED_HEAD = "masked_language_model_head.v1"
_HEADS = (MASKED_HEAD, "next_sentence_head.v1")
_CARRIED = ("tokenizer", "vocabulary_from", "sequence_length")
# Weights that know something are changed with care.
_TRAINING = {
    "optimizer": "adamw",
    "learning_rate": 0.0005,
    "schedule": "cosine",
    "warmup_epochs": 1.0,
    "batch_size": 16,
    "epochs": 10,
    "clip_norm": 1.0,
    "weight_decay": 0.01,
}


def fine_tuning_project(
    pretrained: Project, run_id: str, sequence_length: int, labeled: DataRecipe | None = None
) -> Project:
    """Return the project that trains a pretrained encoder on labels.

    Args:
        pretrained: the project of a masked language model.
        run_id: the run whose words and weights are taken over.
        sequence_length: the number of steps that this run was trained with.
        labeled: texts with a target; chosen afterwards where None.

    Raises:
        BuilderError: where the model has no masked language model head, behind which the encoder is.

    Reference:
        Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019), section 3.2.
    """
    recipe = labeled or DataRecipe({}, "classification")
    words = {
        "tokenizer": pretrained.data.settings()["tokenizer"],
        "vocabulary_from": f"run:{run_id}",
        "sequence_length": sequence_length,
    }
    recipe = replace(recipe, task="classification", preprocessing={**recipe.preprocessing, **words})
    return Project(
        name=f"{pretrained.name}, on labels",
        data=recipe,
        model=with_class_head(pretrained.model),
        training={**_TRAINING, "initial_weights": f"run:{run_id}"},
        description=f"Fine-tuned from '{pretrained.name}'.",
        reference=pretrained.reference,
    )


def with_words_of(recipe: DataRecipe, earlier: DataRecipe) -> DataRecipe:
    """Return a recipe whose texts are cut as an earlier recipe's, where that took them from a run."""
    if "vocabulary_from" not in earlier.preprocessing:
        return recipe
    carried = {name: earlier.preprocessing[name] for name in _CARRIED if name in earlier.preprocessing}
    return replace(recipe, preprocessing={**recipe.preprocessing, **carried})


def with_class_head(graph: Graph) -> Graph:
    """Return a pretrained graph with its heads replaced by one for classes, over the mean of all steps.

    Raises:
        BuilderError: where there is no masked language model head.
    """
    head = next((node for node in graph.nodes if node.kind == MASKED_HEAD), None)
    edge = None if head is None else next(iter(graph.incoming(head.id)), None)
    if head is None or edge is None:
        message = "This model has no masked language model head, so it is not known where its encoder ends."
        raise stop("no_encoder", message)
    gone = {node.id for node in graph.nodes if node.kind in _HEADS}
    x, y = graph.node(edge.source).position[0], head.position[1]
    made = [
        Node("pool", "global_average_pooling1d.v1", {}, (x, y)),
        Node("pool_dropout", "dropout.v1", {"rate": 0.2}, (x, y + 130)),
        Node("label", "classification_head.v1", {}, (x, y + 260)),
    ]
    kept = tuple(node for node in graph.nodes if node.id not in gone)
    edges = tuple(item for item in graph.edges if not {item.source, item.target} & gone)
    new = (
        Edge(edge.source, "pool", source_port=edge.source_port),
        Edge("pool", "pool_dropout"),
        Edge("pool_dropout", "label"),
    )
    return replace(graph, nodes=(*kept, *made), edges=(*edges, *new))
