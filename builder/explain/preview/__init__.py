"""What every block makes of one sample of the project's own data, before, during and after training."""

from builder.explain.preview.previewer import Previewer
from builder.explain.preview.run_weights import RunWeights, weights_of

__all__ = ["Previewer", "RunWeights", "weights_of"]
