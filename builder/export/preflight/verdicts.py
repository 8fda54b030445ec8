"""What the preflight says of each block, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.export.process import Answer

_LOOP = "WHILE"
_PURPOSES = {
    "scaling": "This is on purpose: columns of very different ranges would be rounded to one grid.",
    "answer": "This is on purpose: 255 steps are too few for a number that is the answer.",
}


def block_verdicts(
    blocks: Sequence[str], answers: Mapping[str, Answer], singles: Mapping[str, Answer]
) -> dict[str, dict[str, Any]]:
    """Return ``{"tflite", "int8", "operators", "words"}`` for every block.

    Args:
        blocks: the ids of the document's blocks.
        answers: what came of each format of the whole model.
        singles: what came of single blocks, by the step's name ``block:FORMAT:ID``; they were tried where
            a format failed without naming a block.
    """
    verdicts = {block: _fine() for block in blocks}
    for block, operators in _unsupported(answers).items():
        if block in verdicts:
            verdicts[block] = _lacking(operators)
    for name, answer in singles.items():
        _, kind, block = name.split(":", 2)
        problem = _problem_of(answer)
        if problem is not None:
            verdicts[block] = _failing(kind, problem, answer)
    result = answers["tflite_int8"].result or {}
    for block, operators in result.get("operators", {}).items():
        if block in verdicts and operators["float"]:
            verdicts[block] = _floating(operators, result["on_purpose"].get(block))
    return verdicts


def _fine() -> dict[str, Any]:
    return {"tflite": "yes", "int8": "full", "operators": [], "words": ""}


def _unsupported(answers: Mapping[str, Answer]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    result = answers["tflite_float32"].result or {}
    for item in result.get("unsupported", ()):
        if item["block"]:
            found.setdefault(item["block"], []).append(item["operator"])
    told = (result.get("problem") or {}).get("block")
    return found or ({told: []} if told else {})


def _lacking(operators: list[str]) -> dict[str, Any]:
    names = list(dict.fromkeys(operators))
    needs = f"needs {', '.join(names)}, which TFLite lacks" if names else "does not convert to TFLite"
    words = (
        f"{needs[0].upper()}{needs[1:]}. It would run only with Flex operators, which phones rarely carry."
    )
    return {"tflite": "no", "int8": "no", "operators": names, "words": words}


def _problem_of(answer: Answer) -> Mapping[str, Any] | None:
    if answer.problem is not None:
        return answer.problem.to_json()
    return (answer.result or {}).get("problem")


def _failing(kind: str, problem: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    operators = [item["operator"] for item in (answer.result or {}).get("unsupported", ())]
    if kind == "tflite_float32":
        return _lacking(operators) if operators else {**_lacking([]), "words": problem["message"]}
    words = f"Does not convert to int8: {problem['message']}"
    return {"tflite": "yes", "int8": "no", "operators": operators, "words": words}


def _floating(operators: Mapping[str, list[str]], purpose: str | None) -> dict[str, Any]:
    names = list(dict.fromkeys(operators["float"]))
    state = "partly" if operators["whole"] else "float"
    start = "Partly stays" if operators["whole"] else "Stays"
    if _LOOP in names:
        words = (
            f"{start} in 32-bit floats in int8: the loop over its steps ({_LOOP}) cannot run on 8-bit "
            "numbers. Its weights are in 8 bits."
        )
    else:
        because = f" {_PURPOSES[purpose]}" if purpose else ""
        words = f"{start} in 32-bit floats in int8: {', '.join(names)}.{because}"
    return {"tflite": "yes", "int8": state, "operators": names, "words": words}
