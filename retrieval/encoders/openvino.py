"""Graphs compiled by OpenVINO (extra `fast`), for towers that take one array and give one.

Its traps, seen with 2026.4.1 and met here: with several streams and a free batch, int8 weights lose their scales in most
compilations, so constants are folded to float first; by default it computes in bfloat16 where the processor
can, so the precision is always stated; pinned threads starve beside decoders; and two threads that look up a type of
elements for the first time wait for each other for ever, so one does it alone. What it computes is compared by
`retrieval.encoders.runtimes` after every compilation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Plan:
    """How a graph is computed. head: the share of its operations, from the input on, that stays in float32."""

    precision: Literal["bf16", "f32"]
    head: float = 0.0

    @property
    def name(self) -> str:
        """As people read it."""
        return f"OpenVINO {self.precision}" + (", its first layers f32" if self.head else "")


def plans() -> tuple[Plan, ...]:
    """Plans for this processor, the fastest first. First layers of small convolutional nets suffer most from bf16."""
    halved = (Plan("bf16"), Plan("bf16", head=1 / 8)) if has_bf16() else ()
    return (*halved, Plan("f32"))


@cache
def has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 itself: by AVX-512 BF16 or AMX. Elsewhere it is slower than float32."""
    return bool({"avx512_bf16", "amx_bf16"} & set(processor_line("flags").split()))


@cache
def processor() -> str:
    """The processor's name and how many of its cores are ours."""
    return f"{processor_line('model name') or os.uname().machine}, {cores()} cores, bf16: {has_bf16()}"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_line(key: str) -> str:
    """What the system says of the first processor, by a key of /proc/cpuinfo; "" elsewhere than on Linux."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return next((line.partition(":")[2].strip() for line in file if line.startswith(key)), "")
    except OSError:  # not Linux
        return ""


_opening = Lock()


def _core() -> Any:
    """OpenVINO's core, safe for threads from here on: the first look at a type is taken with no other thread beside it."""
    with _opening:
        import openvino

        openvino.Type.f32.to_dtype()
        return openvino.Core()


def opset() -> Any:
    """The operations that a graph is made of."""
    from openvino import opset13

    return opset13


def model_of(output: Any, given: Any) -> Any:
    """A model with that output and that one input, both operations of `opset`."""
    import openvino

    return openvino.Model([opset().result(output)], [given])


class CompiledGraph:
    """A graph by one plan, with as many streams as cores. dtype: of its input. Safe from several threads."""

    def __init__(self, source: Path | Callable[[], Any], plan: Plan) -> None:
        """Compiles an ONNX file, or the model that `source` makes.

        Raises: RuntimeError of OpenVINO's, ValueError where the plan does not fit the graph."""
        core, streams = _core(), cores()
        model = core.read_model(source) if isinstance(source, Path) else source()
        self._stages = [
            core.compile_model(
                part,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": precision,
                    "NUM_STREAMS": streams,
                    "INFERENCE_NUM_THREADS": streams,
                    "ENABLE_CPU_PINNING": False,
                },
            )
            for part, precision in _divided(_folded(model), plan)
        ]
        self.dtype = np.dtype(self._stages[0].input(0).get_element_type().to_dtype())
        self._idle: SimpleQueue[list[Any]] = SimpleQueue()
        for _ in range(streams):
            self._idle.put([stage.create_infer_request() for stage in self._stages])
        self._threads = ThreadPoolExecutor(streams)

    def run(self, parts: Sequence[NDArray[Any]]) -> list[NDArray[np.float32]]:
        """Rows (n, ...) of the first output for each part, (n, ...) of the input's dtype; parts run beside each other."""
        return list(self._threads.map(self._run, parts))

    def _run(self, part: NDArray[Any]) -> NDArray[np.float32]:
        requests = self._idle.get()
        try:
            value = part
            for request in requests:
                request.infer({0: value}, share_inputs=True)
                value = request.get_output_tensor(0).data
            return np.array(value, np.float32)  # a copy: the next part overwrites the request's own
        finally:
            self._idle.put(requests)


def _folded(model: Any) -> Any:
    """The model with everything constant computed, so that no weight stays int8."""
    from openvino.passes import ConstantFolding, Manager

    manager = Manager()
    manager.register_pass(ConstantFolding())
    manager.run_passes(model)
    return model


def _divided(model: Any, plan: Plan) -> list[tuple[Any, str]]:
    """The model with its precision; in two where a head stays float32. Raises: ValueError where there is no such cut."""
    if not plan.head:
        return [(model, plan.precision)]
    import openvino
    from openvino import opset13

    output = _cut(model, plan.head).output(0)
    middle = opset13.parameter(output.get_partial_shape(), output.get_element_type())
    for each in list(output.get_target_inputs()):
        each.replace_source_output(middle.output(0))
    head = openvino.Model([opset13.result(output)], model.get_parameters())
    return [(head, "f32"), (openvino.Model(model.get_results(), [middle]), plan.precision)]


def _cut(model: Any, share: float) -> Any:
    """The last operation within the first `share` of the graph through whose one output all that comes later passes."""
    order = model.get_ordered_ops()
    place = {each.get_friendly_name(): number for number, each in enumerate(order)}
    last: dict[int, int] = {}  # of operations that depend on the input: the place of their last user
    for number, each in enumerate(order):
        sources = [place[one.get_source_output().get_node().get_friendly_name()] for one in each.inputs()]
        varying = [source for source in sources if source in last]
        if varying or each.get_type_name() == "Parameter":
            last[number] = number
            last |= dict.fromkeys(varying, number)
    cuts = [
        number
        for number in range(1, int(share * len(order)))
        if number in last and [each for each, end in last.items() if each <= number < end] == [number]
    ]
    if not cuts or order[cuts[-1]].get_type_name() == "Parameter":
        raise ValueError("the graph has no place where its first layers end")
    return order[cuts[-1]]
