"""What an export will meet, found out on the untrained model: operators, sizes, blocks that stay float."""

from builder.export.preflight.run import FORMATS_TRIED, convertibility

__all__ = ["FORMATS_TRIED", "convertibility"]
