"""장을 열어 첫 재구성까지: 1장의 처음 두 코드 셀. 걸린 초와 첫 이미지의 제곱오차를 JSON으로 냅니다.

python benchmarks/opening/by_aelab.py book/01_encoder.ipynb
"""

import time

started = time.perf_counter()

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

notebook = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
state: dict = {}
exec(sources[0], state)
# 둘째 셀이 처음 쓸 때 불러올 모듈을 미리 불러, import의 시간을 따로 셉니다. 모두의 시간은 그대로입니다.
import safetensors.torch  # noqa: E402, F401

import aelab.data.cifar10  # noqa: E402, F401
import aelab.pretrained  # noqa: E402, F401
import aelab.toyworld  # noqa: E402, F401

imported = time.perf_counter()
exec(sources[1], state)
finished = time.perf_counter()

error = float((state["restored"][0] - state["original"][0]).square().sum())
print(json.dumps({"all": finished - started, "after": finished - imported, "error": error}))
