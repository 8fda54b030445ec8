"""Numbers, times and statuses in words for people."""

from __future__ import annotations

import time

from builder.runs.records import RunRecord
from builder.scores import metric_name, metric_value
from builder.ui.frame import escape

STATUS = {
    "queued": ("Waiting", "schedule", "gray"),
    "starting": ("Starting", "hourglass_top", "blue"),
    "running": ("Training", "play_circle", "blue"),
    "paused": ("Paused", "pause_circle", "orange"),
    "finished": ("Finished", "check_circle", "green"),
    "stopped": ("Stopped", "stop_circle", "gray"),
    "failed": ("Failed", "error", "red"),
    "interrupted": ("Interrupted", "power_off", "orange"),
}


def status_badge(status: str) -> str:
    """Return a run's status as a colored badge in Markdown."""
    label, icon, color = STATUS[status]
    return f":{color}-badge[:material/{icon}: {label}]"


def run_line(run: RunRecord) -> str:
    """Return a run in one line of Markdown: name, status, epoch."""
    epochs = run.progress.get("epochs")
    epoch = f" · epoch {run.progress.get('epoch', 0)} of {epochs}" if epochs else ""
    return f"**{escape(run.name)}** {status_badge(run.status)} :gray[{epoch.lstrip(' ·')}]"


def ago(moment: float) -> str:
    """Return how long ago a moment (seconds since 1970) was, in words."""
    seconds = max(0, int(time.time() - moment))
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def moment(seconds: float) -> str:
    """Return a moment (seconds since 1970) as this machine's clock shows it: Nov 22, 14:05."""
    return time.strftime("%b %d, %H:%M", time.localtime(seconds))


def clock(seconds: float) -> str:
    """Return a moment to the second: "Today 14:05:31", or "Nov 22, 14:05" for an earlier day."""
    local, today = time.localtime(seconds), time.localtime()
    is_today = (local.tm_year, local.tm_yday) == (today.tm_year, today.tm_yday)
    return time.strftime("Today %H:%M:%S", local) if is_today else moment(seconds)


def count_words(count: int, noun: str) -> str:
    """Return "1 block" or "3 blocks"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """Return a length of time in words, or a dash where it is unknown."""
    if seconds is None:
        return "–"
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def run_words(run: RunRecord, number: int) -> str:
    """Return a run as an entry of a list: number, status, score, age."""
    scores = run.result.get("test") or {}
    name = next((name for name in ("accuracy", "micro_f1", "mean_absolute_error") if name in scores), None)
    score = f" · {metric_name(name)} {metric_value(name, scores[name])}" if name else ""
    return f"Run {number} · {STATUS[run.status][0]}{score} · {moment(run.created_at)}"
