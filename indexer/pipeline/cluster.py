"""Decoding and encoding on the machines of a Ray cluster: an actor on each, which loads the models once and does there what
stages.py does here. Paths go out, segments with their vectors come back; media are read by the machine that decodes them.

    jobs -> batches -> actor of a machine: Pipeline over its own decoding processes -> results -> each content once -> sink

A batch whose machine was lost goes to another one. The one writer stays here, and knows by content hash what it has written:
the run after one that was killed goes on from the catalog.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.pipeline.cost import usual_rate
from indexer.pipeline.encoders import indexing_encoders
from indexer.pipeline.options import Options
from indexer.pipeline.sink import Sink
from indexer.pipeline.stages import TICK_S, Job, Pipeline, Place, Result, Tower
from indexer.pipeline.steps import STEPS
from retrieval.catalog.location import LOCAL, RAY, location
from retrieval.domain.media import Space
from retrieval.encoders.profile import ModelProfile, library_profile
from retrieval.errors import LONGEST_CAUSE, LibraryError, importing
from retrieval.media.worker import Identity, Workers
from retrieval.settings import VERSION, Limits

if TYPE_CHECKING:
    from retrieval.protocols import Profile

MOST_JOBS, MOST_S = 256, 60.0  # of a batch, by what one machine usually takes: so much is done again after a loss
ROUNDS = 4  # batches of a step for each machine, at least, so that all end at about the same time
AHEAD = 2  # batches that a machine has at a time, so that it need not wait for the next
LOOK_S = 2.0  # between two looks at which machines there are
GIVE_UP_S = 120.0  # without any machine that works
CONNECT_S = 4.0  # for the cluster's address
START_ONE = "ray start --head on its first machine"
MOST_LOSSES = 5  # of machines, over one batch


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs: how the profile is made, the catalog's id and the space of each encoder, limits and priority."""

    profile: Callable[[], Profile]
    spaces: Mapping[Place, tuple[int, Space]]
    limits: Limits
    nice: int
    version: str = VERSION


class Worker:
    """The actor of one machine, for as long as a run lasts."""

    def open(self, setup: Setup, known: frozenset[bytes], processes: int) -> None:
        """Loads no weights yet. known: contents that the library holds. Raises: LibraryError; as indexing_encoders."""
        if setup.version != VERSION:
            raise LibraryError(f"a worker runs crossmedia {VERSION}, the writer {setup.version}", "install one version")
        if setup.nice:
            os.nice(setup.nice)
        self._known, self._processes = known, processes
        self._profile = setup.profile()
        self._decoders = Workers(setup.limits, setup.nice, lasting=True)
        self._towers: dict[Place, Tower] = {}
        for place, encoder in indexing_encoders(self._profile).items():
            if place not in setup.spaces:
                continue
            number, wanted = setup.spaces[place]
            if encoder.space != wanted:
                was, now = (f"{each.encoder} {each.revision}" for each in (wanted, encoder.space))
                hint = "crossmedia models fetches the same on every machine"
                raise LibraryError(f"the library is encoded by {was}, and a worker has {now}", hint)
            self._towers[place] = Tower(number, encoder)

    def work(self, jobs: Sequence[Job]) -> tuple[list[Result], float]:
        """The results of jobs, whose `origin` counts them, and the seconds that encoders worked. Raises: as Pipeline."""
        processes = min(STEPS[jobs[0].task.step].max_workers or self._processes, self._processes, len(jobs))
        pipeline = Pipeline(self._decoders, self._towers, self._profile.transcriber, self._claims(), processes)
        return [each for each in pipeline.results(jobs) if each is not None], pipeline.encoding_s

    def _claims(self) -> Callable[[Identity], bool]:
        """Whether content is new to the library and to this batch; what earlier ones gave may have been lost on its way."""
        claimed: set[bytes] = set()
        lock = threading.Lock()

        def is_new(identity: Identity) -> bool:
            with lock:
                if identity.hash in self._known or identity.hash in claimed:
                    return False
                claimed.add(identity.hash)
                return True

        return is_new


def cluster_of(
    home: Path, profile: Profile, towers: Mapping[Place, Tower], options: Options, sink: Sink
) -> Cluster | None:
    """The cluster that the settings file of the library in `home` names; None: it has processes of this machine."""
    address = location(home).workers
    if address == LOCAL:
        return None
    spaces = {place: (tower.space_id, tower.encoder.space) for place, tower in towers.items()}
    make: Callable[[], Profile] = partial(_same, profile)
    if isinstance(profile, ModelProfile):  # by its name, for models lie elsewhere on each machine
        make = partial(library_profile, profile.name, [space for _, space in spaces.values()])
    return Cluster(address, Setup(make, spaces, options.limits, options.nice), sink)


def _same(profile: Profile) -> Profile:
    return profile


@dataclass(slots=True)
class _Batch:
    jobs: list[Job]
    losses: int = 0


@dataclass(slots=True)
class _Machine:
    name: str
    actor: Any
    is_open: bool = False
    batches: int = 0  # that it has


@dataclass(slots=True)
class _Call:
    """A call of an actor under way. batch None: `open`."""

    machine: _Machine
    batch: _Batch | None = None


class Cluster:
    """The workers of one run, begun when the first jobs come. `encoding_s`: that the encoders of a machine have worked."""

    def __init__(self, address: str, setup: Setup, sink: Sink) -> None:
        """address: "ray", the cluster that this machine is in or RAY_ADDRESS names; or ray://HOST:PORT."""
        self._address, self._setup, self._sink = address, setup, sink
        self._ray: Any = None
        self._known: Any = None  # contents that the library held at the beginning, in the cluster's store
        self._machines: dict[str, _Machine] = {}
        self._calls: dict[Any, _Call] = {}
        self._looked = self._had_any = 0.0
        self._cause = ""  # why the last worker was lost, or could not begin
        self.encoding_s = 0.0

    def results(self, jobs: Sequence[Job]) -> Iterator[Result | None]:
        """As Pipeline.results.

        Raises:
            InstallationError: the extra `ray` is missing. LibraryError: no cluster answers, all machines are gone, or too
            many were lost over one batch.
        """
        self._connect()
        self.encoding_s = 0.0
        waiting = deque(map(_Batch, parts(jobs, len(self._machines))))
        left = len(waiting)
        while left:
            self._look()
            self._hand_out(waiting)
            for call, found in self._ended(waiting):
                if call.batch is not None:
                    left -= 1
                    self.encoding_s += found[1] / max(len(self._machines), 1)
                    yield from (self._once(call.batch.jobs[each.job.origin], each) for each in found[0])
            yield None

    def close(self) -> None:
        """Ends all workers, at once, and leaves the cluster."""
        if self._ray is not None:
            for machine in self._machines.values():
                self._ray.kill(machine.actor)
            self._ray.shutdown()

    def _connect(self) -> None:
        if self._ray is not None:
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        address = self._address if self._address.startswith(RAY) else os.environ.get("RAY_ADDRESS", "auto")
        if ":" in address:
            _reach(address.removeprefix(RAY))
        with importing("ray", "'crossmedia[ray]'"):
            import ray
        try:
            ray.init(address, log_to_driver=False, configure_logging=False, namespace="crossmedia")
        except (OSError, RuntimeError, ValueError) as error:
            cause = " ".join(str(error).split())[:LONGEST_CAUSE]
            raise LibraryError(f"no Ray cluster answers: {cause}", START_ONE) from None
        self._ray, self._known = ray, ray.put(self._sink.known())
        self._had_any = time.monotonic()
        self._look()

    def _look(self) -> None:
        """Begins a worker on each machine that has none, with all of its processors. Raises: LibraryError."""
        now = time.monotonic()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

        for node in self._ray.nodes():
            name, has = node["NodeID"], node["Resources"]
            if not node["Alive"] or has.get("CPU", 0) < 1 or name in self._machines:
                continue
            needs = {"num_cpus": has["CPU"], "num_gpus": has.get("GPU", 0)}
            actor = self._ray.remote(Worker).options(scheduling_strategy=On(name, soft=False), **needs).remote()
            self._machines[name] = _Machine(name, actor)
            self._calls[actor.open.remote(self._setup, self._known, int(has["CPU"]))] = _Call(self._machines[name])
        if any(each.is_open for each in self._machines.values()):
            self._had_any = now
        elif now - self._had_any > GIVE_UP_S and (self._cause or not self._machines):  # else one may be busy elsewhere
            what = f"no machine of the Ray cluster has worked for two minutes{self._cause and f': {self._cause}'}"
            raise LibraryError(what, "ray status tells which there are; the next run goes on")

    def _hand_out(self, waiting: deque[_Batch]) -> None:
        """The next batches to machines that have fewest."""
        while waiting:
            free = [each for each in self._machines.values() if each.is_open and each.batches < AHEAD]
            if not free:
                return
            machine, batch = min(free, key=lambda each: each.batches), waiting.popleft()
            sent = [replace(job, origin=number) for number, job in enumerate(batch.jobs)]
            machine.batches += 1
            self._calls[machine.actor.work.remote(sent)] = _Call(machine, batch)

    def _ended(self, waiting: deque[_Batch]) -> Iterator[tuple[_Call, Any]]:
        """Calls that have ended within TICK_S, and what they gave. Raises: as `results`; whatever a worker raised."""
        if not self._calls:
            time.sleep(TICK_S)
            return
        for ref in self._ray.wait([*self._calls], timeout=TICK_S)[0]:
            call = self._calls.pop(ref)
            try:
                found = self._ray.get(ref)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause if isinstance(error.cause, Exception) else error from None
            except self._ray.exceptions.RayError as error:
                self._lose(call, waiting, error)
                continue
            call.machine.is_open, self._cause = True, ""
            call.machine.batches -= call.batch is not None
            yield call, found

    def _lose(self, call: _Call, waiting: deque[_Batch], error: Exception) -> None:
        """A machine is gone: its batch waits for another one. Raises: LibraryError for one that takes them all with it."""
        self._cause = " ".join(str(error).split())[:LONGEST_CAUSE]
        if self._machines.get(call.machine.name) is call.machine:
            del self._machines[call.machine.name]
            self._ray.kill(call.machine.actor)  # where it only cannot be reached, it must not hold its processors
        if call.batch is not None:
            call.batch.losses += 1
            waiting.appendleft(call.batch)
            if call.batch.losses >= MOST_LOSSES:
                path = call.batch.jobs[0].task.path
                raise LibraryError(f"{MOST_LOSSES} workers were lost over {path} and what follows it: {self._cause}")

    def _once(self, job: Job, result: Result) -> Result:
        """The result with its own job; of content that another batch read as well, only that it is known."""
        identity = result.identity
        if identity is None or result.is_known or self._sink.is_new(identity):
            return replace(result, job=job)
        return Result(job, identity, is_known=True)


def _reach(address: str) -> None:
    """Ray itself asks an address where nobody listens for minutes. Raises: LibraryError."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (OSError, ValueError) as error:
        raise LibraryError(f"no Ray cluster answers at {address}: {error}", START_ONE) from None


def parts(jobs: Sequence[Job], machines: int) -> Iterator[list[Job]]:
    """Batches of about the same work."""
    if not jobs:
        return
    whole = sum(job.weight for job in jobs)
    share = min(whole / (ROUNDS * max(machines, 1)), MOST_S * usual_rate(jobs[0].task.step))
    part: list[Job] = []
    for job in jobs:
        part.append(job)
        if len(part) == MOST_JOBS or sum(each.weight for each in part) >= share:
            yield part
            part = []
    if part:
        yield part
