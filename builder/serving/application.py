"""The web application: predictions in TensorFlow Serving's REST shape, health, metrics, and pages.

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from builder.serving.accepting import JSON
from builder.serving.answering import Answerer
from builder.serving.generating import Generator
from builder.serving.heads import HeadAsGet
from builder.serving.limits import Limits
from builder.serving.made_samples import generates
from builder.serving.measures import CONTENT_TYPE
from builder.serving.model import Description, Model
from builder.serving.pages import docs_page, try_page
from builder.serving.predicting import Predictor
from builder.serving.schema import predict_operation, signature
from builder.serving.steps import ServedTexts
from builder.serving.writing import Writer

VERSION = "1"


def application(description: Description, model: Model | ServedTexts, limits: Limits) -> FastAPI:
    """Return the web application that serves a model."""
    answerer = _answerer(description, model, limits)
    app = FastAPI(
        title=f"{description.title}: predictions",
        version=VERSION,
        # FastAPI's own page of documents loads its scripts from another server.
        docs_url=None,
        redoc_url=None,
        lifespan=answerer.at_work,
    )
    app.add_middleware(HeadAsGet)
    _add_predictions(app, answerer)
    _add_state(app, answerer)
    _add_pages(app, answerer)
    _add_errors(app, description)
    return app


def _answerer(description: Description, model: Model | ServedTexts, limits: Limits) -> Answerer:
    if isinstance(model, ServedTexts):
        return Writer(description, model, limits)
    if generates(description.spec):
        return Generator(description, model, limits)
    return Predictor(description, model, limits)


def _add_predictions(app: FastAPI, answerer: Answerer) -> None:
    address = f"/v1/models/{answerer.description.name}"
    operation = predict_operation(answerer.description, answerer.limits)

    @app.post(f"{address}:predict", summary="Predict", tags=["predictions"], openapi_extra=operation)
    async def predict(request: Request) -> Response:
        return await answerer.answer(request)

    @app.get(address, summary="The model's state", tags=["predictions"])
    async def status() -> dict[str, Any]:
        fine = {"error_code": "OK", "error_message": ""}
        return {"model_version_status": [{"version": VERSION, "state": "AVAILABLE", "status": fine}]}

    @app.get(f"{address}/metadata", summary="What the model takes and answers", tags=["predictions"])
    async def metadata() -> dict[str, Any]:
        described = answerer.description
        content = operation["requestBody"]["content"][JSON]
        properties = content["schema"]["properties"]
        instance = {"instance": properties["instances"]["items"]} if "instances" in properties else {}
        settings = {"parameters": properties["parameters"]} if "parameters" in properties else {}
        return {
            "model_spec": {
                "name": described.name,
                "signature_name": "serving_default",
                "version": VERSION,
            },
            "metadata": {"signature_def": signature(described.arrays)},
            "title": described.title,
            "task": described.spec.task,
            "format": described.format,
            **instance,
            **settings,
            "example": content["example"],
        }


def _add_state(app: FastAPI, answerer: Answerer) -> None:
    @app.get("/health", summary="Whether the server is well", tags=["server"])
    async def health() -> dict[str, str]:
        return {"status": "ok", "model": answerer.description.name}

    @app.get("/metrics", summary="Counters for Prometheus", tags=["server"], response_class=Response)
    async def metrics() -> Response:
        return Response(answerer.measures.text(), media_type=CONTENT_TYPE)


def _add_pages(app: FastAPI, answerer: Answerer) -> None:
    @app.get("/", include_in_schema=False)
    async def front() -> HTMLResponse:
        return HTMLResponse(try_page(answerer.description, answerer.limits))

    @app.get("/docs", include_in_schema=False)
    async def documents() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()))


def _add_errors(app: FastAPI, description: Description) -> None:
    @app.exception_handler(HTTPException)
    async def wrong_address(request: Request, error: HTTPException) -> Response:
        path, method = request.url.path[:200], request.scope["method"]
        place = f"Predictions are at POST /v1/models/{description.name}:predict; /docs lists every address."
        allowed = (error.headers or {}).get("Allow")
        if allowed:
            content = {"error": f"{path} takes {allowed}, not {method}. {place}", "code": "wrong_method"}
        else:
            content = {"error": f"There is nothing at {method} {path}. {place}", "code": "no_such_address"}
        return JSONResponse(content, error.status_code, error.headers)
