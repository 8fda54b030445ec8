"""Several training or validation steps in one call into TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from builder.train.shaping import Step

CALL_SECONDS = 0.08
MAXIMUM_STEPS = 512


class Steps:
    """Run a Keras step function over an iterator, many steps a call.

    One graph serves any number of steps. That spares small models the cost of entering TensorFlow, and
    it keeps results independent of how the steps are grouped: two graphs could round differently. A call
    is kept near ``CALL_SECONDS``, by the time that earlier calls took.

    Args:
        step: ``model.train_step`` or ``model.test_step`` of a compiled and built model.
        most: an upper limit on the steps a call.
        around: makes a step of a step, with what is done before and after; XLA does not compile it.
    """

    def __init__(
        self,
        step: Step,
        most: int = MAXIMUM_STEPS,
        around: Callable[[Step], Step] = lambda step: step,
    ) -> None:
        self._step, self._most, self._around = step, most, around
        self._functions: dict[bool, Any] = {}
        self.use_xla(False)

    def use_xla(self, wanted: bool) -> None:
        """Let XLA compile the steps from here on, or not; what was compiled before is kept for a return."""
        if wanted not in self._functions:
            self._functions[wanted] = _many_steps(self._step, wanted, self._around)
        self._function = self._functions[wanted]
        self._step_seconds: float | None = None
        self._traced = False

    def operations(self, iterator: Any) -> int:
        """Return how many operations TensorFlow's graph of a step has; the steps over it must have run."""
        graph = self._function.get_concrete_function(iterator, tf.constant(1)).graph.as_graph_def()
        return len(graph.node) + sum(len(function.node_def) for function in graph.library.function)

    def run(self, iterator: Any, remaining: int) -> tuple[int, bool]:
        """Run some of the ``remaining`` steps; return how many, and whether the loss is still finite.

        The step that makes the loss NaN or infinite is the last one.
        """
        began = time.perf_counter()
        done, finite = self._function(iterator, tf.constant(min(self._next_count(), remaining)))
        count = int(done)
        self._learn((time.perf_counter() - began) / max(count, 1))
        return count, bool(finite)

    def _next_count(self) -> int:
        if self._step_seconds is None:
            return 1
        return max(1, min(self._most, int(CALL_SECONDS / max(self._step_seconds, 1e-6))))

    def _learn(self, seconds: float) -> None:
        if not self._traced:
            # The first call traces and compiles, and tells nothing about the others.
            self._traced = True
        elif self._step_seconds is None:
            self._step_seconds = seconds
        else:
            self._step_seconds += 0.3 * (seconds - self._step_seconds)


def _many_steps(step: Step, xla: bool, around: Callable[[Step], Step]) -> Any:
    # Keras's steps need no translation of Python control flow, and trace faster without.
    one = around(tf.function(step, reduce_retracing=True, autograph=False, jit_compile=xla))

    @tf.function(reduce_retracing=True, autograph=False)
    def run(iterator: Any, count: Any) -> tuple[Any, Any]:
        def more(done: Any, finite: Any) -> Any:
            return tf.logical_and(done < count, finite)

        def body(done: Any, finite: Any) -> tuple[Any, Any]:
            logs = one(iterator.get_next())
            return done + 1, tf.math.is_finite(logs["loss"])

        return tf.while_loop(more, body, (tf.constant(0), tf.constant(True)))

    return run
