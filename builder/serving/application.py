"""The web application: predictions in TensorFlow Serving's REST shape, health, metrics, and pages.

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from builder.errors import BuilderError
from builder.explain.finite import check_finite
from builder.explain.worded import encoded, worded
from builder.serving.batching import Batcher
from builder.serving.bodies import Room, body_of, form_sample, is_form
from builder.serving.limits import Limits
from builder.serving.measures import CONTENT_TYPE, Measures
from builder.serving.model import Arrays, Description, Model
from builder.serving.pages import docs_page, try_page
from builder.serving.refusals import Refusal, busy, refused, too_slow
from builder.serving.samples import instances_in, samples_of, unknown_categories
from builder.serving.schema import predict_operation, signature

VERSION = "1"
# Pictures and large bodies are unpacked by so many threads, which bounds the memory that they take.
_DECODERS = 2
# Changing threads takes longer than reading less.
_LARGE_BODY = 100_000
Found = TypeVar("Found")
logger = logging.getLogger("uvicorn.error")


class Predictor:
    """Answers requests for predictions with one model, within limits.

    Args:
        description: what is known of the model.
        model: what runs it.
        limits: what is admitted.
    """

    def __init__(self, description: Description, model: Model, limits: Limits) -> None:
        self.description, self.limits, self.measures = description, limits, Measures()
        self._has_files = any(item.kind in ("image", "audio") for item in description.spec.inputs)
        self._waiting, self._room = 0, Room(limits.held_bytes)
        self._threads = ThreadPoolExecutor(_DECODERS, "samples")
        self._batcher = Batcher(
            model, limits, lambda gathered: self._waiting > gathered, self.measures.batch.observe
        )

    @asynccontextmanager
    async def at_work(self, app: FastAPI) -> AsyncIterator[None]:
        """Run batches as long as the application runs."""
        task = asyncio.create_task(self._batcher.work())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def answer(self, request: Request) -> Response:
        """Return the answer to a request, whatever it is."""
        begun = time.perf_counter()
        try:
            response = await self._admitted(request)
        except Refusal as refusal:
            response = JSONResponse(refusal.to_json(), refusal.status, refusal.headers)
        self.measures.requests.labels(str(response.status_code)).inc()
        self.measures.seconds.observe(time.perf_counter() - begun)
        return response

    async def _admitted(self, request: Request) -> Response:
        if self._waiting >= self.limits.waiting:
            raise busy()
        self._waiting += 1
        self.measures.waiting.set(self._waiting)
        try:
            with self._room.shared() as take:
                body = await body_of(request, self.limits, take)
                return await asyncio.wait_for(self._answered(request, body), self.limits.seconds)
        except TimeoutError as error:
            raise too_slow(self.limits.seconds) from error
        except BuilderError as error:
            raise refused(error) from error
        except Refusal:
            raise
        except Exception as error:
            logger.exception("A request failed")
            message = "The server could not answer this request. Its log says why; other requests go on."
            raise Refusal(500, "internal_error", message) from error
        finally:
            self._waiting -= 1
            self.measures.waiting.set(self._waiting)

    async def _answered(self, request: Request, body: bytes) -> Response:
        is_large = self._has_files or len(body) > _LARGE_BODY
        if is_form(request):
            sample = await form_sample(request, body)
            samples, arrays = await self._done(is_large, self._encoded, [sample])
        else:
            samples, arrays = await self._done(is_large, self._read, body)
        outputs = await self._batcher.predict(arrays)
        answer = await self._done(is_large, self._worded, outputs, arrays, samples)
        self.measures.predictions.inc(len(samples))
        return answer

    async def _done(self, is_large: bool, work: Callable[..., Found], *given: Any) -> Found:
        """Return what some work gives, done in a thread where it may hold up other requests."""
        if not is_large:
            return work(*given)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    def _read(self, body: bytes) -> tuple[list[dict[str, Any]], Arrays]:
        return self._encoded(instances_in(body, self.limits))

    def _encoded(self, instances: list[Any]) -> tuple[list[dict[str, Any]], Arrays]:
        spec = self.description.spec
        samples = samples_of(spec, instances)
        dtypes = {item.name: item.dtype for item in spec.arrays}
        return samples, {
            name: values.astype(dtypes[name], copy=False) for name, values in encoded(spec, samples).items()
        }

    def _worded(self, outputs: list[np.ndarray], arrays: Arrays, samples: list[dict[str, Any]]) -> Response:
        spec = self.description.spec
        for values in outputs:
            check_finite(values)
        answer: dict[str, Any] = {
            "predictions": worded(spec, outputs, self.description.activations, arrays, samples)
        }
        warnings = unknown_categories(spec, samples)
        return JSONResponse({**answer, "warnings": warnings} if warnings else answer)


def application(description: Description, model: Model, limits: Limits) -> FastAPI:
    """Return the web application that serves a model."""
    predictor = Predictor(description, model, limits)
    app = FastAPI(
        title=f"{description.title}: predictions",
        version=VERSION,
        # FastAPI's own page of documents loads its scripts from another server.
        docs_url=None,
        redoc_url=None,
        lifespan=predictor.at_work,
    )
    _add_predictions(app, predictor)
    _add_state(app, predictor)
    _add_pages(app, predictor)
    _add_errors(app, description)
    return app


def _add_predictions(app: FastAPI, predictor: Predictor) -> None:
    address = f"/v1/models/{predictor.description.name}"
    operation = predict_operation(predictor.description, predictor.limits)

    @app.post(f"{address}:predict", summary="Predict", tags=["predictions"], openapi_extra=operation)
    async def predict(request: Request) -> Response:
        return await predictor.answer(request)

    @app.get(address, summary="The model's state", tags=["predictions"])
    async def status() -> dict[str, Any]:
        fine = {"error_code": "OK", "error_message": ""}
        return {"model_version_status": [{"version": VERSION, "state": "AVAILABLE", "status": fine}]}

    @app.get(f"{address}/metadata", summary="What the model takes and answers", tags=["predictions"])
    async def metadata() -> dict[str, Any]:
        spec = predictor.description.spec
        schema = operation["requestBody"]["content"]["application/json"]
        return {
            "model_spec": {
                "name": predictor.description.name,
                "signature_name": "serving_default",
                "version": VERSION,
            },
            "metadata": {"signature_def": signature(spec)},
            "title": predictor.description.title,
            "task": spec.task,
            "format": predictor.description.format,
            "instance": schema["schema"]["properties"]["instances"]["items"],
            "example": schema["example"],
        }


def _add_state(app: FastAPI, predictor: Predictor) -> None:
    @app.get("/health", summary="Whether the server is well", tags=["server"])
    async def health() -> dict[str, str]:
        return {"status": "ok", "model": predictor.description.name}

    @app.get("/metrics", summary="Counters for Prometheus", tags=["server"], response_class=Response)
    async def metrics() -> Response:
        return Response(predictor.measures.text(), media_type=CONTENT_TYPE)


def _add_pages(app: FastAPI, predictor: Predictor) -> None:
    @app.get("/", include_in_schema=False)
    async def front() -> HTMLResponse:
        return HTMLResponse(try_page(predictor.description))

    @app.get("/docs", include_in_schema=False)
    async def documents() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()))


def _add_errors(app: FastAPI, description: Description) -> None:
    @app.exception_handler(HTTPException)
    async def wrong_address(request: Request, error: HTTPException) -> Response:
        place = f"/v1/models/{description.name}"
        message = f"There is nothing at {request.method} {request.url.path[:200]}. "
        message += f"Predictions are at POST {place}:predict; /docs lists every address."
        return JSONResponse({"error": message, "code": "no_such_address"}, error.status_code)
