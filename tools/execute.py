"""장을 그 자리에서 실행해 출력을 새로 저장합니다.

    python -m tools.execute                     # 모든 장
    python -m tools.execute book/01_encoder.ipynb

진짜 CIFAR-10이 디스크에 있어야 하며 CPU로 실행합니다. 저장하는 모양은 늘 같아서, 출력이 바뀌지 않은
장은 파일도 바뀌지 않습니다. 언제 어느 버전으로 실행했는지는 versions.json에 적습니다.
"""

import json
import os
import platform
import sys
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.chapters import BOOK, chapters, code_hash

VERSIONS = BOOK / "versions.json"
CELL_TIMEOUT = 300  # 초

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = {"tags", "mystnb", "jupyter", "cellView"}  # 이 밖의 것은 편집기가 남긴 흔적이다


def find_cifar10() -> Path | None:
    """디스크에 있는 CIFAR-10의 폴더. 없으면 None."""
    from aelab.data import cifar10

    return cifar10.locate()


def prepare_environment(data: Path | None) -> None:
    """노트북의 커널이 물려받을 환경을 정합니다. 실행과 검사가 같은 환경을 씁니다.

    인자
        data: CIFAR-10의 폴더. None이면 커널도 CIFAR-10을 찾지 않습니다.
    """
    os.environ["AELAB_OFFLINE"] = "1"
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # 저장하는 수는 CPU의 것이다
    os.environ.pop("MPLBACKEND", None)  # 있으면 그림이 출력에 남지 않는다
    if data is None:
        os.environ.pop("AELAB_DATA", None)
    else:
        os.environ["AELAB_DATA"] = str(data)


def tidy(notebook: NotebookNode) -> NotebookNode:
    """실행한 노트북을 늘 같은 모양으로 다듬습니다."""
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.setdefault("id", f"cell-{number}")
        cell.metadata = nbformat.from_dict(
            {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        )
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in cell.outputs:
                if "metadata" in output:
                    output.metadata = NotebookNode()
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = output.data["image/png"].strip()
    return notebook


def stored_form(notebook: NotebookNode) -> str:
    """다듬은 노트북을 파일에 적을 글로 바꿉니다."""
    return nbformat.writes(tidy(notebook)).rstrip("\n") + "\n"


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """이어진 같은 스트림의 조각을 하나로 합칩니다. 조각은 실행할 때마다 다르게 나뉩니다."""
    merged: list[NotebookNode] = []
    for output in outputs:
        if (
            merged
            and output.output_type == merged[-1].output_type == "stream"
            and output.name == merged[-1].name
        ):
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def execute(path: Path) -> None:
    """노트북 하나를 실행해 같은 파일에 저장합니다. 실패하면 파일은 그대로입니다."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    path.write_text(stored_form(notebook), encoding="utf-8", newline="\n")
    record(path.stem, notebook)


def record(chapter: str, notebook: NotebookNode) -> None:
    """장(.ipynb를 뺀 이름)을 실행한 날과 판을 적습니다. 같은 날 같은 판이면 파일도 그대로입니다."""
    recorded = json.loads(VERSIONS.read_text(encoding="utf-8")) if VERSIONS.exists() else {}
    recorded[chapter] = {
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "torch": version("torch").split("+")[0],  # +cpu 같은 꼬리는 결과를 바꾸지 않는다
        "jupyter-book": version("jupyter-book"),
        "code": code_hash(notebook),
    }
    # 나란히 실행해도 반쯤 쓴 파일을 읽는 일이 없게, 다 쓴 다음 바꿔 놓는다
    temporary = VERSIONS.with_name(f"{VERSIONS.name}.{os.getpid()}")
    temporary.write_text(
        json.dumps(recorded, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="\n"
    )
    os.replace(temporary, VERSIONS)


def main(arguments: list[str]) -> None:
    data = find_cifar10()
    if data is None:
        sys.exit(
            "장의 출력은 진짜 CIFAR-10으로 만들어야 하는데 디스크에서 찾지 못했습니다. "
            "`python -m aelab data`로 내려받거나 AELAB_DATA에 폴더를 적고 다시 실행하십시오."
        )
    prepare_environment(data)
    for path in [Path(argument) for argument in arguments] or chapters():
        start = time.perf_counter()
        execute(path)
        print(f"{path.name}: {time.perf_counter() - start:.0f}초", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
