"""What a person may ask of a run while it goes on: pause, resume, stop; and the process: interrupt."""

from __future__ import annotations

import time

from builder.train.reporting import Control, Reporter
from builder.train.saving import Saver
from builder.train.timing import Pace

POLL_SECONDS = 0.2


class Interrupted(Exception):
    """Raised after a checkpoint where the process has to end; the run goes on from there."""


class Stopped(Exception):
    """The person asked for the end; the best weights are kept."""


class Commands:
    """Obeys the control's commands between two calls into TensorFlow.

    Args:
        control: gives the commands.
        reporter: hears of pauses.
        saver: writes a checkpoint before a pause and before an interruption.
        pace: stands still in a pause.
    """

    def __init__(self, control: Control, reporter: Reporter, saver: Saver, pace: Pace) -> None:
        self._control, self._reporter = control, reporter
        self._saver, self._pace = saver, pace

    def obey(self, save: bool = True) -> None:
        """Do what is asked; return where the run is to go on.

        Args:
            save: whether this is a moment that a checkpoint can describe; else the last one has to do.

        Raises:
            Stopped: after "stop".
            Interrupted: after "interrupt".
        """
        command = self._control.command()
        if command == "pause":
            command = self._wait(save)
        if command == "stop":
            raise Stopped
        if command == "interrupt":
            if save:
                self._saver.save()
            raise Interrupted

    def _wait(self, save: bool) -> str | None:
        """Wait until another command comes, and return it."""
        if save:
            self._saver.save()
        began = time.perf_counter()
        self._reporter.paused(True)
        while (command := self._control.command()) == "pause":
            self._control.wait(POLL_SECONDS)
        seconds = time.perf_counter() - began
        self._saver.stopwatch.leave_out(seconds)
        self._pace.leave_out(seconds)
        self._reporter.paused(False)
        return command
