"""Work of a study that makes one record, as `driver.Work` asks for it."""

from collections.abc import Container
from typing import Self


class OneRecord:
    """Base of a piece of work that has a `key`, that of its one record."""

    @property
    def key(self) -> str:
        """Key of its record."""
        raise NotImplementedError

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the records that it makes: its own."""
        return (self.key,)

    def without(self, done: Container[str]) -> Self | None:
        """Itself, or None if its key is among `done`."""
        return None if self.key in done else self
