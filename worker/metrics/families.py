"""Families of figures as the client library has them, all under one prefix. Floor 3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX = "crm_sync_"

Labels = Mapping[str, str]
Samples = Iterable[tuple[Labels, float]]


def one(name: str, says: str, value: float) -> Metric:
    """Return a figure without labels that may rise and fall."""
    return gauge(name, says, [({}, value)])


def gauge(name: str, says: str, samples: Samples) -> Metric:
    """Return figures that may rise and fall."""
    family = GaugeMetricFamily(PREFIX + name, says)
    for labels, value in samples:
        family.add_sample(family.name, dict(labels), float(value))
    return family


def counter(name: str, says: str, samples: Samples) -> Metric:
    """Return figures that only rise; their names end in `_total`."""
    family = CounterMetricFamily(PREFIX + name, says)
    for labels, value in samples:
        family.add_sample(f"{family.name}_total", dict(labels), float(value))
    return family
