"""Progress of a command: commands report to an observer and print nothing themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kinetune.model.change import AppliedStatement
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.script import Script


class Update(Protocol):
    """Reports how many items are finished (None: as many as before) and what is being done now (empty: the same)."""

    def __call__(self, completed: int | None = None, title: str = "") -> None: ...


class Observer(Protocol):
    """Shows or discards progress. kinetune.cli.progress shows it on stderr."""

    def stage(self, title: str, /) -> contextlib.AbstractContextManager[None]:
        """A part of the work that is worth a line in a log: its title and how long it took."""

    def note(self, line: str, /) -> None:
        """What the user has to know or do now."""

    def progress(self, title: str, total: int | None = None, /) -> contextlib.AbstractContextManager[Update]:
        """Work on `total` items, None where their number is unknown. One at a time: a terminal has one last line."""

    def statements(
        self, script: Script, endpoint: Endpoint | None, /
    ) -> contextlib.AbstractContextManager[Callable[[AppliedStatement], None]]:
        """
        The statements of a script, which has at least one step. With an endpoint the observer may open a session of
        its own to see how far an index build is.
        """


@contextlib.contextmanager
def show_stage(observer: Observer, title: str, total: int | None = None) -> Iterator[Update]:
    """A stage whose progress is shown under the same title."""
    with observer.stage(title), observer.progress(title, total) as update:
        yield update


class SilentObserver:
    """Discards everything: for tests, benchmarks and other programs."""

    def stage(self, *_: object) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def note(self, *_: object) -> None:
        pass

    def progress(self, *_: object) -> contextlib.AbstractContextManager[Update]:
        return contextlib.nullcontext(_discard)

    def statements(self, *_: object) -> contextlib.AbstractContextManager[Callable[[AppliedStatement], None]]:
        return contextlib.nullcontext(_discard)


def _discard(*_: object, **__: object) -> None:
    pass


SILENT = SilentObserver()
