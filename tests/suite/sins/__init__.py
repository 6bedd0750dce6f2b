"""Every sin there is, by family; importing them enters them in `plant.SINS`."""

from tests.suite.plant import SINS
from tests.suite.sins import (
    access,
    answers,
    corners,
    errors,
    money,
    references,
    sizes,
    strangers,
    tasks,
    webhooks,
)

__all__ = [
    "SINS",
    "access",
    "answers",
    "corners",
    "errors",
    "money",
    "references",
    "sizes",
    "strangers",
    "tasks",
    "webhooks",
]
