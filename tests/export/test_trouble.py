"""Converters' messages become words that name a block, and a full disk is told as that."""

import errno
import os
import resource
from pathlib import Path

import pytest

from builder.errors import BuilderError
from builder.export.bundle import bundle
from builder.export.trouble import explain

# As the converter wrote it for a table's multi-hot encoding.
MESSAGE = (
    'Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused["DenseBincount:", '
    '"functional_6_1/features_encoding_1/bincount/DenseBincount@__inference_serve_32163"] at callsite(fused['
    '"StatefulPartitionedCall:", "StatefulPartitionedCall@__inference_signature_wrapper_serve_32186"] at '
    'fused["StatefulPartitionedCall:", "StatefulPartitionedCall"]))): \'tf.DenseBincount\' op is neither a '
    "custom op nor a flex op"
)


@pytest.mark.parametrize(
    ("ids", "block"),
    [
        (["features", "head"], "features"),
        (["features", "features_encoding"], "features_encoding"),
        (["head"], None),
    ],
)
def test_the_block_at_fault_is_named(ids, block) -> None:
    problem = explain(RuntimeError(MESSAGE), "TFLite, float32", ids)
    assert problem.code == "unsupported_operation" and problem.block == block
    assert "DenseBincount" in problem.message and "SavedModel" in problem.message
    assert "callsite" not in problem.message


@pytest.mark.parametrize("label", ["SavedModel", "ONNX", "TFLite, int8"])
def test_a_value_of_tensorflow_is_no_operation_that_tflite_lacks(label) -> None:
    error = TypeError(
        "Cannot convert tf.Tensor of shape (1, 8) to a number.\nArguments: x=tf.Tensor(shape=())"
    )
    problem = explain(error, label, [])
    assert problem.code == "export_failed" and "lacks" not in problem.message
    assert problem.message.startswith(f"{label} failed: Cannot convert tf.Tensor of shape")


def test_an_operation_that_the_converter_refuses_otherwise_is_named_too() -> None:
    error = RuntimeError(
        "<unknown>:0: error: 'tf.TensorListReserve' op requires element_shape to be static during TF Lite"
    )
    assert "the operation TensorListReserve, which TFLite lacks" in explain(error, "TFLite, int8", []).message


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space"), RuntimeError("write: No space left on device")]
)
def test_a_full_disk_is_told_plainly(error) -> None:
    assert "disk is full" in explain(error, "SavedModel", []).message


def test_a_zip_that_finds_no_space_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(os.urandom(100_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(BuilderError, match="disk is full"):
            bundle(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [file.name for file in tmp_path.iterdir()] == ["model.bin"]
    assert bundle(tmp_path).is_file()
