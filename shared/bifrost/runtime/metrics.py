"""Counts as CloudWatch embedded metrics (EMF): a log line that CloudWatch reads as a metric."""

from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE = "Bifrost"


def count(capability: str, name: str, *, times: int = 1, **dimensions: str) -> None:
    """Count `name`; each dimension is a metric of its own, so keep their values few."""
    with single_metric(
        name=name,
        unit=MetricUnit.Count,
        value=times,
        namespace=NAMESPACE,
        default_dimensions={"service": capability, **dimensions},
    ):
        pass


def measure(capability: str, name: str, seconds: float) -> None:
    """Measure how long `name` is; CloudWatch keeps its greatest and least of each minute."""
    with single_metric(
        name=name,
        unit=MetricUnit.Seconds,
        value=seconds,
        namespace=NAMESPACE,
        default_dimensions={"service": capability},
    ):
        pass
