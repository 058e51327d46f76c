"""Where to read from."""

from typing import TypeVar

from django.db import router
from django.db.models import Model, QuerySet

ModelT = TypeVar("ModelT", bound=Model)


def primary(model: type[ModelT]) -> QuerySet[ModelT]:
    """Return all rows of a model from the database that is written to, never from a replica."""
    return model._default_manager.using(router.db_for_write(model))
