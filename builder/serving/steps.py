"""What a served model holds likely next, from a file of one step of writing or of the whole model."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from builder.data.spec import DataSpec, written_input
from builder.explain.decoding.growing import GrowingTexts
from builder.explain.finite import check_finite
from builder.serving.model import Arrays, Description, LiteRTModel, Model, SavedModel
from builder.writing_settings import SETTINGS_OF_TASK

# The format whose file takes one token a call.
STEP_FORMAT = "tflite_step"
_BEGIN, _STEP = "begin", "step"
_OUTPUT, _TOKEN, _POSITION = "output", "token", "position"


class Abandoned(Exception):
    """Raised where nobody waits for the text any more."""


class StepFile:
    """A TFLite file of one step of writing, which gives back what it has seen, run by LiteRT on one thread.

    Args:
        file: the file, with the signature ``step`` and, where the model also reads, ``begin``.
    """

    def __init__(self, file: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        # The runners do not keep their interpreter alive, and the file may be replaced meanwhile.
        self._interpreter = Interpreter(model_content=file.read_bytes(), num_threads=1)
        self._step = self._interpreter.get_signature_runner(_STEP)
        reads = _BEGIN in self._interpreter.get_signature_list()
        self._begin = self._interpreter.get_signature_runner(_BEGIN) if reads else None
        self._zeros = {
            name: np.zeros(item["shape"], item["dtype"])
            for name, item in self._step.get_input_details().items()
            if name not in (_TOKEN, _POSITION)
        }

    def begun(self, fixed: Arrays) -> Arrays:
        """Return what is kept before the first token.

        Args:
            fixed: the inputs that are read, by name, one row.
        """
        return {**self._zeros, **(self._begin(**fixed) if self._begin else {})}

    def step(self, token: int, position: int, kept: Arrays) -> tuple[np.ndarray, Arrays]:
        """Return the output behind one token, (vocabulary,), and what is kept for the next one."""
        given = {_TOKEN: np.array([[token]], np.int32), _POSITION: np.array(position, np.int32)}
        found = self._step(**kept, **given)
        output = found.pop(_OUTPUT)[0].copy()
        return output, {**kept, **found}


class ServedTexts(GrowingTexts):
    """Growing texts that stop where nobody waits for them.

    Attributes:
        is_given_up: is set where nobody waits.
    """

    def __init__(self, description: Description) -> None:
        spec = description.spec
        self.is_given_up = threading.Event()
        self._written = written_input(spec)
        length = next(item.shape[0] for item in spec.arrays if item.name == self._written)
        super().__init__(length, description.activations[0] == "softmax")

    def _finite(self, outputs: np.ndarray) -> np.ndarray:
        if self.is_given_up.is_set():
            raise Abandoned
        check_finite(outputs)
        return outputs


class SteppedTexts(ServedTexts):
    """Growing texts of a model that takes one token a call and gives back what it has seen.

    Args:
        file: the TFLite file, as ``StepFile`` takes it.
        description: what is known of the model.
    """

    def __init__(self, file: Path, description: Description) -> None:
        super().__init__(description)
        self._file = StepFile(file)
        self._kept: list[Arrays] = []
        self._position = 0

    def _forget(self) -> None:
        self._kept, self._position = [], 0
        before: Arrays | None = None
        for row in range(len(self._texts)):
            fixed = {name: values[[row]] for name, values in self._fixed.items()}
            # The rows of a beam read the same text, which need be read once.
            if before is None or any((before[name] != values).any() for name, values in fixed.items()):
                begun = self._file.begun(fixed)
            self._kept.append(begun)
            before = fixed

    def _keep(self, rows: np.ndarray) -> None:
        self._kept = [self._kept[row] for row in rows]

    def _outputs(self, tokens: np.ndarray) -> np.ndarray:
        outputs = [self._read(row, given) for row, given in enumerate(tokens)]
        self._position += tokens.shape[1]
        return np.stack(outputs)

    def _read(self, row: int, tokens: np.ndarray) -> np.ndarray:
        output = np.empty(0)
        for place, token in enumerate(tokens):
            output, self._kept[row] = self._file.step(int(token), self._position + place, self._kept[row])
            self._finite(output)
        return output


class WholeTexts(ServedTexts):
    """Growing texts of a model that is asked about all of a text at every token.

    Args:
        model: what runs it.
        description: what is known of it.
    """

    def __init__(self, model: Model, description: Description) -> None:
        super().__init__(description)
        self._model = model

    def _forget(self) -> None:
        """Nothing is kept."""

    def _keep(self, rows: np.ndarray) -> None:
        """Nothing is kept."""

    def _outputs(self, tokens: np.ndarray) -> np.ndarray:
        seen = self._seen
        window = np.zeros((len(seen), self.length), np.int32)
        window[:, : seen.shape[1]] = seen
        arrays: Arrays = {**self._fixed, self._written: window}
        return self._finite(self._model.run(arrays)[0][:, seen.shape[1] - 1])


def writes(spec: DataSpec) -> bool:
    """Tell whether a model for some data writes texts."""
    return spec.task in SETTINGS_OF_TASK


def opened_texts(folder: Path, description: Description) -> ServedTexts:
    """Return what the model in a folder holds likely, after a first token that shows that it works.

    Raises:
        BuilderError: where its answers are not numbers.
    """
    file = folder / description.file
    texts: ServedTexts
    if description.format == STEP_FORMAT:
        texts = SteppedTexts(file, description)
    elif file.is_file():
        texts = WholeTexts(LiteRTModel(file, description.batched), description)
    else:
        texts = WholeTexts(SavedModel(file), description)
    written = written_input(description.spec)
    fixed = {
        item.name: np.ones((1, *item.shape), item.dtype)
        for item in description.spec.arrays
        if item.name != written
    }
    texts.begin([[1]], fixed)
    return texts
