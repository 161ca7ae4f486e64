"""What the requests of one service share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from retrieval.domain.place import is_object
from retrieval.errors import RetrievalError
from retrieval.library import AssetDetails, Library
from retrieval.media.objects import origin
from retrieval.service.decoding import Decoders
from retrieval.service.metrics import Metrics
from retrieval.service.pictures import PictureCache
from retrieval.service.requests import known
from retrieval.service.work_queue import WorkQueue


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """A library, the queue of its questions, what decodes the files of them, and what was made of it and is kept."""

    library: Library
    queue: WorkQueue
    pictures: PictureCache
    metrics: Metrics = field(default_factory=Metrics)
    decoders: Decoders = field(default_factory=Decoders)
    _kept: dict[Hashable, tuple[Any, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, name: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gives, made anew only after the library has changed; for what takes long and depends on nothing
        else.
        """
        state = self.library.version()
        with self._lock:
            before = self._kept.get(name)
        if before is not None and before[0] == state:
            return before[1]
        value = make()
        with self._lock:
            self._kept[name] = state, value
        return value

    def origins(self) -> frozenset[str]:
        """Where `GET .../media` leads to of what lies in buckets; none where the library cannot be asked."""

        def look() -> frozenset[str]:
            return frozenset(filter(None, (origin(root / "any") for root in self.library.roots() if is_object(root))))

        try:
            found: frozenset[str] = self.kept("origins", look)
        except RetrievalError:
            return frozenset()
        return found

    def close(self) -> None:
        """Takes no more work, and ends the decoders."""
        self.queue.close()
        self.decoders.close()

    def file_of(self, name: str) -> tuple[AssetDetails, Path]:
        """An asset and its file, where that is there and lies under a folder that the library follows, links resolved.

        Raises: HTTPException 404 where there is no such file; as Library.show.
        """
        shown = self.library.show(known(name))
        roots = [root if is_object(root) else root.resolve() for root in self.library.roots()]
        for path in shown.asset.paths:
            real = path if is_object(path) else path.resolve()
            if (is_object(path) or real.is_file()) and any(real.is_relative_to(root) for root in roots):
                return shown, real
        raise HTTPException(404, "the file is not there now")
