"""Which picture a description means, and boxes as targets.

Generated scripts carry these, so that they see what the studio sees.
"""

# Scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import numpy as np

from builder.data.spec import IGNORED


class PictureFinder:
    """Finds the picture that a description means: beside it, else the only or nearest of that name or stem.

    Args:
        pictures: the paths of all pictures.
    """

    def __init__(self, pictures):
        self.paths = set(pictures)
        self.by_name = {}  # type: dict[str, list[str]]
        for name in pictures:
            for key in {name.rsplit("/", 1)[-1], stem_of(name)}:
                self.by_name.setdefault(key, []).append(name)

    def __call__(self, wanted, beside):
        """Return the path of the picture that a file ``beside`` it means by ``wanted``, or None."""
        wanted = wanted.replace("\\", "/")
        folder = beside.rpartition("/")[0]
        near = f"{folder}/{wanted}" if folder else wanted
        if near in self.paths or wanted in self.paths:
            return near if near in self.paths else wanted
        for key in (wanted.rsplit("/", 1)[-1], stem_of(wanted)):
            found = self.by_name.get(key, [])
            same = [name for name in found if name.rpartition("/")[0] == folder]
            if len(same) == 1 or len(found) == 1:
                return (same or found)[0]
            # Parts such as train and test often have pictures of the same names.
            shared = [folders_shared(name, beside) for name in found]
            if shared and shared.count(max(shared)) == 1:
                return found[shared.index(max(shared))]
        return None


def folders_shared(one, other):
    """Return in how many folders, from the outermost on, two files lie together."""
    count = 0
    for own, others in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if own != others:
            break
        count += 1
    return count


def stem_of(name):
    """Return the name of a file without folders and ending."""
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def box_target(boxes, size, most):
    """Return a picture's target, (most, 5), and whether a box reached beyond its edge.

    Where there are more boxes than ``most``, the smallest are left out.

    Args:
        boxes: class, left, top, right and bottom of each box, in pixels.
        size: the picture's width and height.
        most: the rows of the target; the class of a row that is no box is ``IGNORED``.
    """
    scale = np.array([*size, *size], dtype=np.float64)
    boxes = np.array(boxes, dtype=np.float64).reshape(-1, 5)
    sides = boxes[:, 1:] / scale
    cut = sides.clip(0.0, 1.0)
    # One pixel too many is how some tools count; it is not worth a word.
    is_outside = bool((np.abs(cut - sides) * scale > 1.5).any())
    area = (cut[:, 2:] - cut[:, :2]).prod(axis=1)
    largest = [place for place in np.argsort(-area, kind="stable") if area[place] > 0][:most]
    target = np.zeros((most, 5), np.float32)
    target[:, 0] = IGNORED
    target[: len(largest), 0] = boxes[largest, 0]
    target[: len(largest), 1:] = cut[largest]
    return target, is_outside
