"""A query's process loads what it needs and nothing else; OpenVINO's telemetry is never loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from small_models import save_small_model

QUERY = """
import json, sys
from embedctl.config import RuntimeConfig
from embedctl.encoders import card
told = []
encoder = card(sys.argv[1]).open(RuntimeConfig(), lambda kind, text: told.append(text))
vectors = encoder.encode_queries(["where is the key", "keys"])
tops = sorted({name.split(".")[0] for name in sys.modules if sys.modules[name] is not None})
print(json.dumps({"shape": vectors.shape, "told": told, "modules": tops, "names": sorted(sys.modules)}))
"""
HEAVY = {"torch", "transformers", "sentence_transformers", "huggingface_hub", "pyarrow", "pandas", "safetensors"}


def ask(folder: Path, cache: Path) -> dict[str, list[str]]:
    environment = {**os.environ, "EMBEDCTL_CACHE": str(cache)}
    command = [sys.executable, "-c", QUERY, str(folder)]
    said: dict[str, list[str]] = json.loads(
        subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout
    )
    return said


def test_a_query_loads_no_torch_once_the_model_is_converted(tmp_path: Path) -> None:
    folder = save_small_model(tmp_path / "m")
    first = ask(folder, tmp_path / "cache")
    assert "this is done once" in first["told"][0]
    assert "torch" in first["modules"]
    second = ask(folder, tmp_path / "cache")
    assert second["told"] == []
    assert second["shape"] == [2, 16]
    assert "openvino" in second["modules"]
    assert not HEAVY.intersection(second["modules"])
    for said in (first, second):
        assert "openvino_telemetry" not in said["modules"]
        assert not [name for name in said["names"] if name.startswith("openvino_telemetry.")]
    assert "openvino.tools.ovc" not in second["names"]
    assert "openvino.tools.ovc.telemetry_stub" in first["names"]


def test_others_in_the_process_find_the_converter(tmp_path: Path) -> None:
    script = """
import sys
from embedctl.encoders.openvino_library import openvino
openvino()
import openvino as theirs
assert "openvino.tools.ovc" not in sys.modules
try:
    theirs.convert_model(sys.argv[1])
except Exception as error:
    assert "no-such-model" in str(error), error
assert "openvino.tools.ovc" in sys.modules
assert "openvino_telemetry" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "no-such-model.onnx")], check=True)
