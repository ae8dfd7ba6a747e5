"""The transforms that a mapping may name. Floor 1, pure.

A transform is its examples: they are its tests and its manual. It gets one value, which
is never absent or null, and at most one argument from the mapping. It reads no clock,
no network and no other field. One that cannot do its work raises `ValueError` with a
reason that holds no value.
"""

from worker.mapping.transforms import (
    business_days,
    dates,
    free_text,
    lists,
    money,
    numbers,
    objects,
    phones,
    picklists,
    texts,
    written_dates,
    yes_or_no,
    zones,
)
from worker.mapping.transforms.free_text import redact_text
from worker.mapping.transforms.registry import TRANSFORMS, Argument, Transform

__all__ = [
    "TRANSFORMS",
    "Argument",
    "Transform",
    "business_days",
    "dates",
    "free_text",
    "lists",
    "money",
    "numbers",
    "objects",
    "phones",
    "picklists",
    "redact_text",
    "texts",
    "written_dates",
    "yes_or_no",
    "zones",
]
