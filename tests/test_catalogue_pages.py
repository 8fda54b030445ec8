"""The blocks explained in a shell."""

import pytest

from builder.catalogue_pages import declarations, found, listing, page
from builder.errors import BuilderError


def test_a_block_is_found_by_its_kind_with_or_without_version_and_by_its_label() -> None:
    names = ("multi_head_attention.v1", "multi_head_attention", "Multi-head attention")
    assert {found(name)["kind"] for name in names} == {"multi_head_attention.v1"}


def test_the_list_has_every_block_once() -> None:
    kinds = [line.split()[0] for line in listing().splitlines() if line.startswith("  ")]
    assert sorted(kinds) == sorted(block["kind"] for block in declarations())


def test_an_unknown_block_names_the_nearest() -> None:
    with pytest.raises(BuilderError, match="Did you mean 'conv2d'"):
        found("conv2")


@pytest.mark.parametrize("block", declarations(), ids=lambda block: block["kind"])
def test_a_page_tells_everything_that_is_declared(block) -> None:
    text = page(block)
    lines = text.splitlines()
    assert lines[0].startswith(block["label"])
    assert block["reference"] in text
    for parameter in block["parameters"]:
        assert any(line.startswith(f"  {parameter['name']} = ") for line in lines)
    for port in block["inputs"]:
        assert any(line.startswith(f"Input {port['name']}: ") for line in lines)


def test_a_page_tells_when_an_output_is_there() -> None:
    assert "Output state_h: where return_state = true" in page(found("lstm"))
    assert "Becomes: Conv2D, BatchNormalization" in page(found("residual_block"))
