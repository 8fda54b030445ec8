"""Which device trains, and how much memory this process holds."""

from __future__ import annotations

import os
import platform

import psutil
import tensorflow as tf


def device_name() -> str:
    """Return the name of the first GPU, or else of the processor with its number of cores."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))
    return f"CPU ({os.cpu_count()} cores, {platform.machine()})"


def memory_bytes() -> int:
    """Return the main memory that this process holds, in bytes."""
    return int(psutil.Process().memory_info().rss)
