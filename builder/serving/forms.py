"""One sample as the fields of a form, multipart/form-data."""

from __future__ import annotations

import logging
from typing import Any

from python_multipart.multipart import Field, File, FormParser, parse_options_header

from builder.serving.refusals import Refusal

FORM = "multipart/form-data"
_MOST_FIELDS, _SHOWN = 1000, 60
# What is wrong with a form is told to whoever sent it.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


def form_sample(content: bytes, content_type: str) -> dict[str, Any]:
    """Return the sample whose values are the fields of a form: texts, and files as bytes.

    Args:
        content: the form.
        content_type: the header that says where its parts end.

    Raises:
        Refusal: 400 where it is no such form, or holds nothing.
    """
    sample: dict[str, Any] = {}
    ends: list[bool] = []

    def keep(written: bytes | None, value: str | bytes) -> None:
        name = (written or b"").decode()
        if name in sample:
            raise _bad_form(f"The form has the field '{name[:_SHOWN]}' twice")
        if len(sample) == _MOST_FIELDS:
            raise _bad_form(f"The form has more than {_MOST_FIELDS:,} fields")
        sample[name] = value

    def keep_text(field: Field) -> None:
        keep(field.field_name, (field.value or b"").decode())

    def keep_file(file: File) -> None:
        file.file_object.seek(0)
        keep(file.field_name, file.file_object.read())

    boundary = parse_options_header(content_type)[1].get(b"boundary")
    # A file that is held as a whole already need not lie on the disk as well.
    settings = {"MAX_MEMORY_FILE_SIZE": len(content) + 1, "UPLOAD_ERROR_ON_BAD_CTE": True}
    try:
        parser = FormParser(
            FORM, keep_text, keep_file, lambda: ends.append(True), boundary=boundary, config=settings
        )
        parser.write(content)
        parser.finalize()
    except ValueError as error:
        raise _bad_form("The body is no form that can be read") from error
    if not ends:
        raise _bad_form("The form is cut off: its last boundary is missing")
    if not sample:
        raise Refusal(400, "no_instances", "The form is empty. Send the sample's values as its fields.")
    return sample


def _bad_form(what: str) -> Refusal:
    message = f"{what}. Send fields and files as HTML forms and 'curl -F' do, their names and texts in UTF-8."
    return Refusal(400, "bad_form", message)
