"""The runtime ``openvino``: the converted model on the CPU, several inferences at a time."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from ..system.cache_folder import cache_folder
from ..system.resources import processors
from ..system.uninterrupted import uninterrupted
from . import machine_cache
from .openvino_library import ConversionError, openvino

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ..config import RuntimeConfig
    from ..contracts import Tell, Vectors
    from .model_files import ModelFiles
    from .packing import Packed
    from .query_tokenizer import QueryTokenizer

FORMAT = 1
"""Of what is cached; a change makes every model be converted again."""

FEW_BATCHES = 2
"""For each processor: up to so many are not worth compiling the model for throughput."""


class OpenVinoRuntime:
    """Compiled twice, each when first needed: for one query as soon as possible, for many texts as many as possible."""

    def __init__(self, folder: ModelFiles, config: RuntimeConfig, tokenizer: QueryTokenizer, message: Tell) -> None:
        """Take the converted model from the machine's cache, or convert it.

        Raises:
            ConversionError: it cannot be converted.
            ModelError: it cannot be loaded at all.
        """
        self.batch_tokens = config.batch_tokens
        self._core = openvino().Core()
        self._folder, self._model, self._facts = uninterrupted(_prepared, self._core, folder, tokenizer, message)
        self.name = f"openvino {self._facts['precision']}"
        self.dim = int(self._facts["dim"])
        self._ran = 0
        """Batches so far."""
        self._processors = processors()
        self._turn = Lock()

    def run(self, packed: Packed, vectors: Vectors) -> None:
        """Write the unit-norm vector of every input to its row of ``vectors``, batch by batch as they are done."""
        stopped = Event()
        uninterrupted(self._run, packed, vectors, stopped, interrupted=stopped.set)

    def _run(self, packed: Packed, vectors: Vectors, stopped: Event) -> None:
        with self._turn:
            self._ran += len(packed)
            if self._ran <= FEW_BATCHES * self._processors:
                for batch in packed:
                    if stopped.is_set():
                        return
                    self._request.infer(batch.inputs(self._facts["inputs"]))
                    vectors[batch.rows] = self._request.get_output_tensor(0).data
                return
            queue = self._queue
            try:
                for batch in packed:
                    if stopped.is_set():
                        return
                    queue.start_async(batch.inputs(self._facts["inputs"]), (vectors, batch.rows))
            finally:
                queue.wait_all()  # stopped or failed, too: what runs writes to ``vectors``

    @cached_property
    def _request(self) -> Any:
        return self._compiled("latency", {"PERFORMANCE_HINT": "LATENCY"}).create_infer_request()

    @cached_property
    def _queue(self) -> Any:
        streams = {"NUM_STREAMS": self._processors, "ENABLE_CPU_PINNING": False}
        queue = openvino().AsyncInferQueue(self._compiled("throughput", streams), self._processors + 1)
        queue.set_callback(_keep)
        return queue

    def _compiled(self, purpose: str, properties: Mapping[str, Any]) -> Any:
        """Compile, or load what was compiled before, which takes a quarter of the time."""
        settings = {
            **properties,
            "INFERENCE_NUM_THREADS": self._processors,
            "INFERENCE_PRECISION_HINT": self._facts["precision"],
        }
        compiled = []

        def fill(folder: Path) -> Mapping[str, Any]:
            cached = {**settings, "CACHE_DIR": str(folder), "CACHE_MODE": "OPTIMIZE_SIZE"}
            compiled.append(self._core.compile_model(self._model, "CPU", cached))
            return {}

        if self._folder is not None:
            place = self._folder / f"{purpose}-{self._processors}"
            with suppress(OSError):  # a cache that cannot be written saves no time, and costs none
                fill(place) if machine_cache.find(place) is not None else machine_cache.publish(place, fill)
        return compiled[0] if compiled else self._core.compile_model(self._model, "CPU", settings)


def _keep(request: Any, target: tuple[Vectors, NDArray[Any]]) -> None:
    vectors, rows = target
    vectors[rows] = request.get_output_tensor(0).data


def _prepared(
    core: Any, folder: ModelFiles, tokenizer: QueryTokenizer, message: Tell
) -> tuple[Path | None, Any, Mapping[str, Any]]:
    """Return where the converted model is cached, what to compile (a path, or the model itself), and its facts."""
    version = openvino().get_version().split("-", 1)[0]
    precisions = _precisions(core)
    models = cache_folder() / "openvino" / folder.fingerprint
    place = models / f"{version}-{precisions[0]}"
    known = machine_cache.find(place)
    if known is None or known.get("format") != FORMAT:
        facts, model = _converted(folder, tokenizer, precisions, message)

        def fill(target: Path) -> Mapping[str, Any]:
            if model is not None:
                openvino().save_model(model, target / "model.xml", compress_to_fp16=False)
            return facts

        try:
            known = machine_cache.publish(place, fill)
            _remove_older(models, version)
        except (OSError, RuntimeError) as error:  # OpenVINO does not say OSError when the disk is full
            message("warning", f"The converted model cannot be kept: {error}. Every command has to convert it again.")
            return None, _usable(model, folder, facts), facts
    return place, _usable(str(place / "model.xml"), folder, known), known


def _usable(model: Any, folder: ModelFiles, facts: Mapping[str, Any]) -> Any:
    if facts["reason"]:
        raise ConversionError(folder.name, facts["reason"])
    return model


def _converted(
    folder: ModelFiles, tokenizer: QueryTokenizer, precisions: list[str], message: Tell
) -> tuple[dict[str, Any], Any]:
    """Convert the model; one that cannot be is remembered with its reason."""
    message("info", f"Converting the model {folder.name} for this machine; this is done once.")
    from .convert import convert

    try:
        model, facts = convert(folder, tokenizer, precisions)
    except ConversionError as error:
        return {"format": FORMAT, "reason": error.reason}, None
    message("detail", f"Converted {folder.name}: {facts['precision']}, cosine {facts['cosine']:.6f} to torch.")
    return {"format": FORMAT, "reason": "", **facts}, model


def _precisions(core: Any) -> list[str]:
    """Return what this processor computes in, fastest first."""
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    half = [hint for name, hint in (("BF16", "bf16"), ("FP16", "f16")) if name in capabilities]
    return [*half[:1], "f32"]


def _remove_older(models: Path, version: str) -> None:
    for path in models.iterdir():
        if _number(path.name) < _number(version):
            machine_cache.remove(path)


def _number(version: str) -> list[int]:
    return [int(digits) for digits in version.split("-", 1)[0].split(".") if digits.isdigit()]
