"""Files that mean harm are refused in words, and nothing of them is run or allocated."""

import base64
import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from saved_models import changed, small_file, with_layer

from builder.errors import BuilderError
from builder.importer import build_opened, open_keras

CODE = base64.b64encode(b"import os; os.system('touch /tmp/kerablocks-was-here')").decode()
LAMBDA = {"class_name": "__lambda__", "config": {"value": [CODE, None, None]}}


def layer(**changes) -> Callable[[Path, Path], Path]:
    return lambda folder, target: with_layer(small_file(folder), target, **changes)


def of_class(name: str, module: str = "keras.layers", config: dict | None = None, registered=None):
    def make(folder: Path, target: Path) -> Path:
        whole = {"name": "dense", **(config or {})}
        changes = {"class_name": name, "module": module, "registered_name": registered}
        with zipfile.ZipFile(small_file(folder)) as source:
            document = json.loads(source.read("config.json"))
        document["config"]["layers"][1].update(changes, config=whole)
        return changed(folder / "small.keras", target, config__json=json.dumps(document).encode())

    return make


def member(name: str, symlink: bool = False) -> Callable[[Path, Path], Path]:
    def make(folder: Path, target: Path) -> Path:
        changed(small_file(folder), target)
        with zipfile.ZipFile(target, "a") as archive:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK if symlink else stat.S_IFREG) << 16
            archive.writestr(info, "/etc/passwd")
        return target

    return make


def bomb(name: str) -> Callable[[Path, Path], Path]:
    def make(folder: Path, target: Path) -> Path:
        with zipfile.ZipFile(small_file(folder)) as source, zipfile.ZipFile(target, "w") as sink:
            for known in source.namelist():
                data = b" " * 20_000_000 if known == name else source.read(known)
                sink.writestr(known, data, zipfile.ZIP_DEFLATED)
        return target

    return make


def raw(data: bytes) -> Callable[[Path, Path], Path]:
    def make(folder: Path, target: Path) -> Path:
        target.write_bytes(data)
        return target

    return make


def config(text: str) -> Callable[[Path, Path], Path]:
    return lambda folder, target: changed(small_file(folder), target, config__json=text.encode())


def too_many(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as sink:
        for number in range(1500):
            sink.writestr(f"member{number}", "")
    return target


def nested(depth: int) -> Callable[[Path, Path], Path]:
    def make(folder: Path, target: Path) -> Path:
        with zipfile.ZipFile(small_file(folder)) as source:
            whole = json.loads(source.read("config.json"))
        whole.pop("compile_config", None)
        inner = whole
        for _ in range(depth):
            inner = {**whole, "config": {**whole["config"], "layers": [whole["config"]["layers"][0], inner]}}
        return changed(folder / "small.keras", target, config__json=json.dumps(inner).encode())

    return make


def hdf5(folder: Path, target: Path) -> Path:
    with h5py.File(target, "w") as file:
        file["x"] = 1
    return target


def circle(folder: Path, target: Path) -> Path:
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["dense", 0, 0]}}
    return with_layer(small_file(folder), target, inbound_nodes=[{"args": [tensor], "kwargs": {}}])


def from_nowhere(history: object) -> Callable[[Path, Path], Path]:
    def make(folder: Path, target: Path) -> Path:
        tensor = {"class_name": "__keras_tensor__", "config": history}
        return with_layer(small_file(folder), target, inbound_nodes=[{"args": [tensor], "kwargs": {}}])

    return make


def without_output(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(small_file(folder)) as source:
        document = json.loads(source.read("config.json"))
    document["config"]["output_layers"] = None
    return changed(folder / "small.keras", target, config__json=json.dumps(document).encode())


def damaged(member: str) -> Callable[[Path, Path], Path]:
    """Return what makes a file of which one member was packed and then changed on its way."""

    def make(folder: Path, target: Path) -> Path:
        with zipfile.ZipFile(small_file(folder)) as source, zipfile.ZipFile(target, "w") as sink:
            for known in source.namelist():
                sink.writestr(known, source.read(known), zipfile.ZIP_DEFLATED)
            info = sink.getinfo(member)
        data = bytearray(target.read_bytes())
        start = info.header_offset + 70 + len(member)
        data[start : start + 20] = b"\xff" * 20
        target.write_bytes(data)
        return target

    return make


REFUSED = {
    "a Lambda layer": (of_class("Lambda", config={"function": LAMBDA}), "holds Python code"),
    "a lambda as an activation": (layer(config={"activation": LAMBDA}), "Python code"),
    "a PyTorch module": (of_class("TorchModuleWrapper", config={"module": CODE}), "pickled PyTorch"),
    "a SavedModel by path": (of_class("TFSMLayer", config={"filepath": "/tmp/x"}), "a place on the disk"),
    "a JAX function": (of_class("JaxLayer", config={"call_fn": "f"}), "functions of the file's own"),
    "os.system": (of_class("system", "os", {"command": "id"}), "no public layer of Keras"),
    "eval as an activation": (
        layer(
            config={
                "activation": {
                    "module": "builtins",
                    "class_name": "function",
                    "config": "eval",
                    "registered_name": "function",
                }
            }
        ),
        "no activation of Keras",
    ),
    "get_file in an initializer": (
        layer(
            config={"kernel_initializer": {"module": "keras.utils", "class_name": "get_file", "config": {}}}
        ),
        "not one of Keras's public classes",
    ),
    "a class of another package": (of_class("Popen", "subprocess"), "no public layer of Keras"),
    "another class under a registered name": (
        of_class("Dense", registered="other>Dense", config={"units": 3}),
        "no public layer of Keras",
    ),
    "a layer of KerasHub": (
        of_class("TransformerEncoder", "keras_hub.layers", registered="keras_hub>TransformerEncoder"),
        "KerasHub",
    ),
    "a vocabulary by path": (
        of_class("StringLookup", config={"vocabulary": "/etc/passwd"}),
        "names a file or an address",
    ),
    "a vocabulary inside a wrapper": (
        of_class(
            "TimeDistributed",
            config={
                "layer": {
                    "module": "keras.layers",
                    "class_name": "StringLookup",
                    "config": {"vocabulary": "https://example.com/words"},
                    "registered_name": None,
                }
            },
        ),
        "names a file or an address",
    ),
    "numbers of a kind that fills memory": (
        layer(
            config={
                "bias_initializer": {
                    "class_name": "__numpy__",
                    "config": {"value": ["x", "x"], "dtype": "S2000000000"},
                }
            }
        ),
        "of the kind 'S2000000000'",
    ),
    "an operation that takes functions": (
        of_class("Map", "keras.src.ops.core", registered="Map"),
        "may run code",
    ),
    "two hundred million units": (layer(config={"units": 200_000_000}), "At most 500,000,000"),
    "settings that Keras refuses": (layer(config={"units": -3}), "dense"),
    "a class of a model's own": (
        config(
            '{"module": "mine", "class_name": "MyModel", "config": {}, "registered_name": "mine>MyModel"}'
        ),
        "Python code that is not in the file",
    ),
    "a member that leads outside": (member("../../outside"), "points outside"),
    "an absolute member": (member("/etc/cron.d/x"), "points outside"),
    "a symbolic link": (member("assets/link", symlink=True), "a link instead of a file"),
    "a config that grows": (bomb("config.json"), "made to fill memory"),
    "weights that grow": (bomb("model.weights.h5"), "made to fill memory"),
    "too many members": (too_many, "a model at most 1,000"),
    "deep JSON": (config("[" * 200_000), "cannot be read"),
    "deep models": (nested(20), "nested more than 7 deep"),
    "a circle": (circle, "in a circle"),
    "an input without a way to it": (from_nowhere({"keras_history": None}), "comes from nowhere"),
    "an input of another form": (from_nowhere(["keras_history"]), "comes from nowhere"),
    "an output that is missing": (without_output, "an input or output of the model is missing"),
    "a damaged description": (damaged("config.json"), "not a whole .keras file"),
    "no JSON": (config("{"), "cannot be read"),
    "no object": (config("[]"), "no object"),
    "no layers": (
        config('{"module": "keras", "class_name": "Sequential", "config": {}}'),
        "no list of layers",
    ),
    "a zip without a model": (raw(b"PK\x05\x06" + b"\0" * 18), "no .keras file"),
    "no zip": (raw(b"hello"), "not a whole .keras file"),
    "an empty file": (raw(b""), "not a whole .keras file"),
    "an old HDF5 model": (hdf5, "load_model"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_hostile_file_is_refused_in_words(case: str, tmp_path: Path) -> None:
    make, words = REFUSED[case]
    file = make(tmp_path, tmp_path / "hostile.keras")
    with pytest.raises(BuilderError) as caught:
        open_keras(file)
    assert words in str(caught.value)
    assert str(caught.value).count("\n") < 5
    assert not Path("/tmp/kerablocks-was-here").exists()


def test_the_layer_at_fault_is_named(tmp_path: Path) -> None:
    file = layer(class_name="Lambda")(tmp_path, tmp_path / "hostile.keras")
    with pytest.raises(BuilderError) as caught:
        open_keras(file)
    assert [problem.block for problem in caught.value.problems] == ["dense"]


def with_weights(write: Callable[[h5py.File], None]) -> bytes:
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        write(file)
    return memory.getvalue()


def _external_storage(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", (4, 3), "float32", external=[("/etc/passwd", 0, 48)])


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4, 3), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 3))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def _huge(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", (1_000_000, 1_000), "float32", compression="gzip")


def _link(link: object) -> Callable[[h5py.File], None]:
    return lambda file: file.create_group("layers/dense/vars").__setitem__("0", link)


HOSTILE_WEIGHTS = {
    "an external link": (_link(h5py.ExternalLink("/etc/passwd", "x")), "a link to another place"),
    "a soft link": (_link(h5py.SoftLink("/elsewhere")), "a link to another place"),
    "external storage": (_external_storage, "from another file"),
    "a virtual dataset": (_virtual, "from another file"),
    "an empty array": (lambda file: file.create_dataset("x", data=h5py.Empty("f")), "no array"),
    "objects": (lambda file: file.create_dataset("x", data=["text"], dtype=h5py.string_dtype()), "no number"),
    "sizes without content": (_huge, "hardly any are stored"),
    "other shapes": (
        lambda file: file.create_dataset("layers/dense/vars/0", data=np.zeros((2, 2), "float32")),
        "do not fit",
    ),
}


@pytest.mark.parametrize("case", list(HOSTILE_WEIGHTS))
def test_hostile_weights_are_not_loaded(case: str, tmp_path: Path) -> None:
    write, words = HOSTILE_WEIGHTS[case]
    data = with_weights(write)
    file = changed(small_file(tmp_path), tmp_path / "hostile.keras", **{"model__weights__h5": data})
    with pytest.raises(BuilderError, match=words):
        build_opened(file)


def test_weights_that_are_no_hdf5_or_missing_are_told(tmp_path: Path) -> None:
    file = small_file(tmp_path)
    for data, words in ((b"no such format", "cannot be read"), (None, "holds no weights")):
        broken = changed(file, tmp_path / "broken.keras", **{"model__weights__h5": data})
        assert open_keras(broken).graph.nodes
        with pytest.raises(BuilderError, match=words):
            build_opened(broken)


def test_weights_that_were_damaged_on_their_way_are_told(tmp_path: Path) -> None:
    file = damaged("model.weights.h5")(tmp_path, tmp_path / "damaged.keras")
    with pytest.raises(BuilderError, match="not a whole .keras file"):
        build_opened(file)


def test_keras_is_never_given_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = small_file(tmp_path)
    monkeypatch.setattr(keras.models, "load_model", None)
    monkeypatch.setattr(keras.saving, "load_model", None)
    assert build_opened(file).count_params() == 15
