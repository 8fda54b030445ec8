"""The public Keras layers that are no blocks, each with its reason."""

from __future__ import annotations

_CODE = "It runs code or a module that the model's file does not hold."
_CELL = "A cell is a part of a recurrent layer and works on one step only."
_STRINGS = "Raw texts and categories become numbers before the model, where the data are prepared."
_LABELS = "It changes the labels along with the images, which a layer in a model cannot reach."

LEFT_OUT = {
    "Layer": "The base class of all layers does nothing by itself.",
    "Wrapper": "The base class of wrappers does nothing by itself.",
    "InputLayer": "The Input block and the free input stand for it.",
    "Lambda": _CODE,
    "FlaxLayer": _CODE,
    "JaxLayer": _CODE,
    "TFSMLayer": _CODE,
    "TorchModuleWrapper": _CODE,
    "GRUCell": _CELL,
    "LSTMCell": _CELL,
    "SimpleRNNCell": _CELL,
    "StackedRNNCells": _CELL,
    "RNN": "It needs a cell; LSTM, GRU and Simple RNN are the recurrent layers with their cells.",
    "Pipeline": "Blocks after each other are a pipeline.",
    "StringLookup": _STRINGS,
    "TextVectorization": _STRINGS,
    "IntegerLookup": _STRINGS,
    "HashedCrossing": _STRINGS,
    "Equalization": "Keras cannot place it in a functional model: it gives its input for its output.",
    "MixUp": _LABELS,
    "CutMix": _LABELS,
    "MaxNumBoundingBoxes": _LABELS,
}
