"""What a TFLite file needs on a microcontroller: its operators, and the arena that TFLite Micro takes.

The arena is that of this machine, whose pointers have 64 bits; a microcontroller's is somewhat smaller.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ai_edge_litert.interpreter import Interpreter, OpResolverType

from builder.export.launching import environment
from builder.sizes import size_words
from builder.truth.micro_operators import MICRO_OPERATORS, NOT_IN_A_FILE

SECONDS = 120.0
_WORKER = "builder.truth.micro_worker"
_ARENA = re.compile(r"Arena allocation total (\d+) bytes")
_LACKS = re.compile(r"Didn't find op for builtin opcode '(\w+)'")
_NODE = re.compile(r"Node (\w+) \(number \d+\w*\) failed to (?:prepare|invoke)")
_HYBRID = re.compile(r"[Hh]ybrid|not supported|unsupported|not currently supported", re.IGNORECASE)


def micro(file: Path) -> dict[str, Any]:
    """Return whether TensorFlow Lite Micro runs a file, and with how much memory; see ``micro_answer``."""
    return micro_answer(_operators(file), _called([sys.executable, "-m", _WORKER, str(file)]))


def micro_answer(operators: set[str], written: str) -> dict[str, Any]:
    """Return what follows from a file's operators and from what the interpreter wrote.

    Args:
        operators: the names of the file's operators.
        written: what the interpreter's process wrote while it loaded the file and answered.

    Returns:
        ``{"runs", "arena_bytes", "missing", "words"}``: "missing" names the operators that it lacks.
    """
    arena = _ARENA.search(written)
    if arena is not None:
        words = f"Runs in TensorFlow Lite Micro with {size_words(int(arena[1]))} of RAM."
        return {"runs": True, "arena_bytes": int(arena[1]), "missing": [], "words": words}
    missing = sorted(operators - MICRO_OPERATORS - NOT_IN_A_FILE)
    lacking = list(dict.fromkeys([*missing, *_LACKS.findall(written)]))
    return {"runs": False, "arena_bytes": None, "missing": lacking, "words": _reason(lacking, written)}


def _operators(file: Path) -> set[str]:
    interpreter = Interpreter(
        model_path=str(file), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    return {operator["op_name"] for operator in interpreter._get_ops_details()}


def _reason(lacking: list[str], written: str) -> str:
    if lacking:
        noun, need = ("the operator", "needs it") if len(lacking) == 1 else ("the operators", "needs them")
        return (
            f"Does not run on microcontrollers: TensorFlow Lite Micro lacks {noun} {', '.join(lacking)}. "
            f"Replace what {need} in the model, or choose a phone or a small computer."
        )
    node = _NODE.search(written)
    if node is not None or _HYBRID.search(written):
        what = f"the operator {node[1]}" if node is not None else "an operator"
        return (
            f"Does not run on microcontrollers: TensorFlow Lite Micro has {what}, but not for these kinds of "
            "numbers. Weights in 8 or 16 bits beside float activations are for phones; take float32 or int8."
        )
    last = written.strip().splitlines()[-1][:160] if written.strip() else "the interpreter ended abruptly"
    return f"Does not run on microcontrollers: TensorFlow Lite Micro says '{last}'."


def _called(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS, env=environment()
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {SECONDS:.0f} seconds"
    return done.stderr + done.stdout
