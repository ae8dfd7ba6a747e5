"""The transforms that a mapping may name. Floor 1, pure.

A transform is its examples: they are its tests and its manual. It gets one value, which
is never absent or null, and at most one argument from the mapping. It reads no clock,
no network and no other field. One that cannot do its work raises `ValueError` with a
reason that holds no value.
"""

from worker.mapping.transforms import dates, numbers, objects, texts
from worker.mapping.transforms.registry import TRANSFORMS, Argument, Transform

__all__ = [
    "TRANSFORMS",
    "Argument",
    "Transform",
    "dates",
    "numbers",
    "objects",
    "texts",
]
