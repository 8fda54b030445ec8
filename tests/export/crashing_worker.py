"""An export worker that breaks down on one format and hangs on another, as converters may."""

import os
import threading

from builder.export.worker import serve


def step(item):
    if item.name == "tflite_int8":
        os.abort()
    if item.name == "saved_model":
        threading.Event().wait()
    return {"label": item.label}


serve(lambda job: step)
