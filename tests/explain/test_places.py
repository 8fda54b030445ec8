"""Answers for every word, pixel and cell are learned, scored by the field's measures, and told in words."""

import json
import tracemalloc

import keras
import numpy as np
import pytest
from alike import with_rare
from small_places import trained

from builder.compiler import check
from builder.data.overlays import from_png_text, with_boxes, with_classes
from builder.data.spec import IGNORED
from builder.errors import BuilderError
from builder.explain.evaluation import evaluate
from builder.explain.mask_scores import mask_scores, pixel_confusion, union_scores
from builder.explain.predict import predict
from builder.explain.token_scores import entity_scores
from builder.graph import Graph
from builder.tasks import TASKS
from builder.train.objective import objective
from builder.train.run_state import Position
from builder.train.training_data import TrainingData
from builder.training_plan.places import PlaceAccuracy

PLACES = ("token_classification", "segmentation", "detection")


@pytest.mark.parametrize("task", with_rare(PLACES, ["segmentation"]))
def test_a_report_holds_the_task_s_own_measure_beside_a_guess(task: str) -> None:
    model, _, prepared = trained(task)
    report = evaluate(model, prepared)
    json.dumps(report, allow_nan=False)
    metric = TASKS[task].metric
    assert 0 <= report[metric] <= 1 and 0 <= report["baseline"][metric] < 1
    assert report["rows"] == 20 and report["worst_errors"]
    assert {item["row"] for item in report["worst_errors"]} <= set(prepared.indices["test"].tolist())


def test_the_memory_of_scoring_pictures_does_not_grow_with_their_masks() -> None:
    _, _, prepared = trained("segmentation")
    picture = keras.Input(prepared.spec.arrays[0].shape, name="image")
    model = keras.Model(picture, keras.layers.Conv2D(prepared.spec.class_count, 1)(picture))

    def most(times: int) -> int:
        rows = np.tile(prepared.indices["test"], times)
        tracemalloc.start()
        report = mask_scores(model, prepared, rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(report["worst_errors"]) == 20
        return peak

    most(8)
    masks = 20 * 20 * int(np.prod(prepared.spec.target_shape))
    assert most(28) - most(8) < masks / 2


# From the documentation of seqeval's measures, by hand: one of two right; a wrong end is no match.
@pytest.mark.parametrize(
    ("truth", "predicted", "expected"),
    [
        (
            "O O O B-MISC I-MISC I-MISC O B-PER I-PER O",
            "O O B-MISC I-MISC I-MISC I-MISC O B-PER I-PER O",
            (1, 2, 2),
        ),
        ("B-PER I-PER O B-LOC", "B-PER O O B-LOC", (1, 2, 2)),
        ("B-PER B-PER", "B-PER I-PER", (0, 1, 2)),
        ("B-PER O", "I-PER O", (1, 1, 1)),
        ("O B-ORG", "O B-PER", (0, 1, 1)),
        ("O O", "O O", (0, 0, 0)),
    ],
)
def test_only_whole_names_of_the_right_type_count(truth: str, predicted: str, expected: tuple) -> None:
    right, said, there = expected
    scores = entity_scores([truth.split()], [predicted.split()])
    assert scores["precision"] == (right / said if said else 0)
    assert scores["recall"] == (right / there if there else 0)
    assert scores["entity_f1"] == pytest.approx(2 * right / (said + there) if said + there else 0)


def test_names_that_were_cut_off_count_as_not_found() -> None:
    model, _, prepared = trained("token_classification")
    report = evaluate(model, prepared)
    rows = prepared.indices["test"]
    words = sum(len(prepared.sample(int(row))["tokens"]) for row in rows)
    assert report["words"] == words


def test_union_over_classes_of_a_known_picture() -> None:
    truth = np.array([[0, 0, 1, 1], [0, IGNORED, 1, 2]])
    said = np.array([[0, 1, 1, 1], [0, 2, 1, 1]])
    matrix = pixel_confusion(truth, said, 4)
    assert matrix.sum() == 7
    scores = union_scores(matrix)
    assert scores["ious"] == [pytest.approx(2 / 3), pytest.approx(3 / 5), 0.0, None]
    assert scores["mean_iou"] == pytest.approx((2 / 3 + 3 / 5 + 0) / 3)
    assert scores["pixel_accuracy"] == pytest.approx(5 / 7)


@pytest.mark.parametrize("task", ["token_classification", "segmentation"])
def test_places_that_are_left_out_change_neither_loss_nor_score(task: str) -> None:
    model, project, prepared = trained(task)
    goal = objective(project.training_settings(), prepared.spec, model)
    loss, accuracy = goal.loss, PlaceAccuracy()
    targets = np.asarray(prepared.targets[:4]).astype("int32")
    counted = targets != IGNORED
    outputs = np.random.default_rng(1).uniform(0.1, 1, (*targets.shape, prepared.spec.class_count))
    outputs = (outputs / outputs.sum(axis=-1, keepdims=True)).astype("float32")
    own = np.take_along_axis(outputs, np.maximum(targets, 0)[..., None], axis=-1)[..., 0]
    assert float(loss(targets, outputs)) == pytest.approx(-np.log(own[counted]).mean(), rel=1e-4)
    accuracy.update_state(targets, outputs)
    right = (outputs.argmax(axis=-1) == targets)[counted].mean()
    assert float(accuracy.result()) == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize("task", ["token_classification", "segmentation"])
def test_rare_classes_can_weigh_more_in_every_place(task: str) -> None:
    model, project, prepared = trained(task)
    settings = {**project.training_settings(), "class_weights": "balanced"}
    _, targets, weights = next(TrainingData(prepared, settings).training_batches(Position()))
    targets, weights = np.asarray(targets), np.asarray(weights)
    assert weights.shape == targets.shape
    assert weights[targets > 0].mean() > weights[targets == 0].mean()
    outputs = np.full((*targets.shape, prepared.spec.class_count), 1 / prepared.spec.class_count, np.float32)
    assert np.isfinite(float(objective(settings, prepared.spec, model).loss(targets, outputs, weights)))


def test_a_sentence_of_ones_own_comes_back_with_its_names() -> None:
    model, _, prepared = trained("token_classification")
    (found,) = predict(model, prepared.spec, [{"text": "Ann Lee flew to Paris."}])
    assert found["tokens"] == ["Ann", "Lee", "flew", "to", "Paris", "."]
    assert len(found["tags"]) == 6
    for entity in found["entities"]:
        assert entity["text"] == " ".join(found["tokens"][entity["first"] : entity["last"] + 1])
    with pytest.raises(BuilderError, match="no words"):
        predict(model, prepared.spec, [{"text": " \n"}])


def test_a_picture_of_ones_own_comes_back_with_its_classes() -> None:
    model, _, prepared = trained("segmentation")
    picture = np.zeros((100, 80), np.uint8)
    (found,) = predict(model, prepared.spec, [{"image": picture}])
    mask = from_png_text(found["mask"])
    assert mask.shape == (64, 64) and sum(found["shares"].values()) == pytest.approx(1.0)
    drawn = with_classes(picture[..., None], np.where(mask == 0, IGNORED, mask))
    assert drawn.shape == (100, 80, 3)


def test_things_on_a_picture_of_ones_own_come_back_as_boxes() -> None:
    model, _, prepared = trained("detection")
    picture = prepared.sample(int(prepared.indices["test"][0]))["array"]
    (found,) = predict(model, prepared.spec, [{"image": picture}])
    for box in found["boxes"]:
        assert box["label"] in prepared.spec.class_names and 0 <= box["left"] <= box["right"] <= 1
    boxes = [{**box, "text": box["label"]} for box in found["boxes"]]
    assert with_boxes(picture, boxes).shape == (360, 480, 3)


@pytest.mark.parametrize(
    ("task", "head", "code"),
    [
        ("token_classification", "classification_head.v1", "head_of_other_task"),
        ("segmentation", "global_average_pooling2d.v1", "output_without_pixels"),
        ("detection", "conv2d.v1", "output_without_boxes"),
    ],
)
def test_an_end_that_does_not_suit_the_task_is_told(task: str, head: str, code: str) -> None:
    from dataclasses import replace

    _, project, prepared = trained(task)
    nodes = tuple(
        replace(node, kind=head, parameters={}) if node.id == "output" else node
        for node in project.model.nodes
    )
    wrong = project.with_model(replace(project.model, nodes=nodes))
    found = [problem for problem in check(wrong, prepared.spec) if problem.severity == "error"]
    assert code in {problem.code for problem in found}


@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_blocks_that_move_pictures_away_from_their_answers_are_told(task: str) -> None:
    _, project, prepared = trained(task)
    (first,) = [edge for edge in project.model.edges if edge.source == "input"]
    document = project.model.to_json()
    document["nodes"].append({"id": "flip", "kind": "random_flip.v1", "parameters": {}, "position": [0, 60]})
    document["edges"].remove(first.to_json())
    document["edges"] += [
        {**first.to_json(), "target": "flip", "target_port": "input"},
        {**first.to_json(), "source": "flip"},
    ]
    wrong = project.with_model(Graph.from_json(document))
    (problem,) = [item for item in check(wrong, prepared.spec) if item.code == "moves_answers"]
    assert problem.block == "flip" and problem.repair is not None


def test_a_detection_learns_by_its_own_loss_alone() -> None:
    model, project, prepared = trained("detection")
    assert type(objective(project.training_settings(), prepared.spec, model).loss).__name__ == "BoxLoss"
    with pytest.raises(BuilderError, match="has its own"):
        objective({**project.training_settings(), "loss": "huber"}, prepared.spec, model)
    assert isinstance(model, keras.Model)
