"""공개 저장소의 주소를 책의 곳곳에 새깁니다. 주소를 적는 곳은 book/_config.yml의 repository.url 하나입니다.

    python -m tools.publish https://github.com/OWNER/NAME    # 주소를 적고 새깁니다.
    python -m tools.publish                                  # 적혀 있는 주소를 다시 새깁니다.
    python -m tools.publish ""                               # 주소를 지우고 되돌립니다.

새기는 곳은 장의 첫 셀(Colab에서의 설치)과 Colab 링크, 쪽의 단추, README, 들어가는 글, CITATION.cff입니다.
주소가 없으면 첫 셀은 아무것도 내려받지 않고 할 일만 알려 줍니다.
"""

import ast
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from tools.execute import BOOK, VERSIONS, code_hash, stored_form

ROOT = BOOK.parent
CONFIG = Path("book/_config.yml")
CITATION = Path("CITATION.cff")
RECORD = VERSIONS.relative_to(ROOT)
DOCUMENTS = (Path("README.md"), Path("book/intro.md"))
COLAB = "https://colab.research.google.com"

# aelab이 쓰는 패키지 가운데 Colab에 없거나, 있는지 확실하지 않은 것. 다른 패키지를 부르지 않는 작은 것들이다.
SMALL_PACKAGES = ("jaxtyping", "safetensors", "wadler-lindig")
LINE_LENGTH = 100  # ruff의 줄 길이

OWNER = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*")
NAME = re.compile(r"[A-Za-z0-9._-]+")
COLAB_LINK = re.compile(r"\n\n\[Colab에서 열기\]\([^)\n]*\)")
MARKED = re.compile(r"(<!-- 공개 주소 -->\n).*?(<!-- 공개 주소 끝 -->)", re.DOTALL)

NOT_INSTALLED = """\
try:
    import aelab
except ModuleNotFoundError:
    raise SystemExit(
        "aelab이 설치되어 있지 않습니다. "
        "저장소 폴더에서 pip install -r requirements.txt를 실행합니다."
    ) from None
"""
# 의존성을 풀지 않으므로(--no-deps) 이미 있는 패키지는 하나도 바뀌지 않는다.
INSTALL = """\
try:
    import aelab
except ModuleNotFoundError:
    # Colab처럼 aelab이 없는 곳에서만 설치합니다. 이미 있는 패키지는 바꾸지 않습니다.
    import subprocess
    import sys

{address}
    packages = [f"aelab @ {{address}}", {packages}]
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", *packages]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"aelab을 설치하지 못했습니다.\\n{{done.stderr}}") from None
    import aelab
"""


@dataclass(frozen=True)
class Repository:
    """공개 저장소. address가 빈 글이면 아직 정해지지 않은 것입니다."""

    address: str  # https://github.com/OWNER/NAME
    branch: str
    folder: str  # 저장소 안에서 책이 있는 폴더

    @property
    def archive(self) -> str:
        """pip가 설치할 수 있는 묶음. git이 없는 컴퓨터에서도 받을 수 있습니다."""
        return f"{self.address}/archive/{self.branch}.zip"

    @property
    def site(self) -> str:
        """GitHub Pages의 주소."""
        owner, name = self.address.split("/")[-2:]
        host = f"{owner.lower()}.github.io"
        return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"

    def colab(self, chapter: Path) -> str:
        """장을 Colab에서 여는 주소."""
        path = self.address.removeprefix("https://github.com/")
        return f"{COLAB}/github/{path}/blob/{self.branch}/{self.folder}/{chapter.name}"


def check_address(address: str) -> str:
    """`https://github.com/OWNER/NAME` 꼴인지 봅니다. 빈 글은 주소를 지운다는 뜻이어서 그대로 둡니다."""
    if address == "":
        return address
    expected = f"https://github.com/OWNER/NAME 꼴이어야 하는데 {address!r}이(가) 왔습니다."
    if not address.startswith("https://github.com/"):
        raise ValueError(f"주소: {expected}")
    owner, slash, name = address.removeprefix("https://github.com/").partition("/")
    if not slash or not name or name.endswith("/") or "/" in name:
        raise ValueError(f"주소: 주인과 저장소의 이름까지만 적습니다. {expected}")
    if not OWNER.fullmatch(owner) or len(owner) > 39:
        raise ValueError(f"주소: 주인의 이름 {owner!r}은(는) 쓸 수 없습니다. {expected}")
    if not NAME.fullmatch(name) or len(name) > 100 or name in (".", ".."):
        raise ValueError(f"주소: 저장소의 이름 {name!r}은(는) 쓸 수 없습니다. {expected}")
    if name.endswith(".git"):
        raise ValueError(f"주소: 끝의 .git은 빼고 적습니다. {expected}")
    return address


def read_repository(root: Path) -> Repository:
    """_config.yml에 적힌 저장소."""
    text = (root / CONFIG).read_text(encoding="utf-8")
    settings = yaml.safe_load(text)["repository"]
    return Repository(
        check_address(settings["url"] or ""), settings["branch"], settings["path_to_book"]
    )


def write_address(config: str, address: str) -> str:
    """_config.yml의 글에 주소를 적고 쪽의 단추를 켜거나 끕니다. 주석과 차례는 그대로 둡니다."""
    for key, value in (
        ("url", f'"{address}"'),
        ("use_repository_button", "true" if address else "false"),
        ("colab_url", f'"{COLAB if address else ""}"'),
    ):
        config, count = re.subn(rf"^(  {key}:) .*$", rf"\1 {value}", config, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"{CONFIG}: `  {key}: …` 줄이 하나여야 하는데 {count}개입니다.")
    return config


def first_lines(repository: Repository) -> str:
    """장의 첫 셀이 시작하는 몇 줄: aelab을 불러오고, 없으면 설치하거나 할 일을 알립니다."""
    if not repository.address:
        return NOT_INSTALLED
    line = f'    address = "{repository.archive}"'
    wrapped = f'        "{repository.archive}"'
    if len(line) > LINE_LENGTH >= len(wrapped):  # ruff가 하는 대로
        line = f"    address = (\n{wrapped}\n    )"
    packages = ", ".join(f'"{package}"' for package in SMALL_PACKAGES)
    return INSTALL.format(address=line, packages=packages)


def stamp_notebook(notebook: NotebookNode, chapter: Path, repository: Repository) -> NotebookNode:
    """제목 밑의 Colab 링크와 첫 코드 셀의 앞머리를 바꾼 노트북. 출력은 그대로입니다."""
    stamped = nbformat.from_dict(notebook)
    title = next(cell for cell in stamped.cells if cell.cell_type == "markdown")
    title.source = COLAB_LINK.sub("", title.source)
    if repository.address:
        heading, rest = re.match(r"([^\n]*)(.*)", title.source, re.DOTALL).groups()
        title.source = f"{heading}\n\n[Colab에서 열기]({repository.colab(chapter)}){rest}"
    code = next(cell for cell in stamped.cells if cell.cell_type == "code")
    start, end = find_first_lines(code.source, chapter)
    lines = code.source.splitlines(keepends=True)
    code.source = "".join([*lines[:start], first_lines(repository), *lines[end:]]).rstrip("\n")
    return stamped


def find_first_lines(source: str, chapter: Path) -> tuple[int, int]:
    """첫 셀에서 aelab을 불러오는 try 문이 차지하는 줄."""
    for statement in ast.parse(source).body:
        match statement:
            case ast.Try(body=[ast.Import(names=[ast.alias(name="aelab")])]):
                return statement.lineno - 1, statement.end_lineno
    raise ValueError(f"{chapter.name}: 첫 코드 셀에 aelab을 불러오는 try 문이 없습니다.")


def keep_record(record: str, before: NotebookNode, after: NotebookNode, chapter: Path) -> str:
    """실행의 기록에서 코드의 지문만 새 첫 셀의 것으로 바꿉니다. 낡은 기록은 낡은 채로 둡니다."""
    recorded = json.loads(record)
    entry = recorded.get(chapter.stem, {})
    if entry.get("code") == code_hash(before):
        entry["code"] = code_hash(after)
    return json.dumps(recorded, indent=1, sort_keys=True) + "\n"


def stamp_citation(text: str, repository: Repository) -> str:
    """인용 정보에 저장소와 책의 주소를 더하거나 뺍니다."""
    text = re.sub(r"^(?:repository-code|url): .*\n", "", text, flags=re.MULTILINE)
    if not repository.address:
        return text
    lines = f'repository-code: "{repository.address}"\nurl: "{repository.site}"\n'
    return re.sub(r"^(license: .*\n)", rf"\1{lines}", text, flags=re.MULTILINE)


def stamp_document(text: str, document: Path, repository: Repository, titles: dict) -> str:
    """README와 들어가는 글에서 표시한 자리를 채웁니다."""
    if not repository.address:
        filling = ""
        if document.name == "intro.md":
            filling = (
                "저장소의 공개 주소가 정해지면 장마다 제목 밑에 Colab 링크가 생깁니다. 그 전에는 위의 방법으로 "
                "실행합니다.\n"
            )
    elif document.name == "intro.md":
        filling = (
            "장의 제목 밑에 있는 **Colab에서 열기**를 누르고 첫 셀부터 실행합니다. 첫 셀이 `aelab`을 설치하며, "
            "Colab에 이미 있는 PyTorch는 바뀌지 않으므로 런타임을 다시 시작하지 않아도 됩니다.\n"
        )
    else:
        links = [
            f"{n}. [{titles[path]}]({repository.colab(path)})" for n, path in enumerate(titles, 1)
        ]
        filling = (
            f"책은 <{repository.site}>에서 읽습니다. 설치하지 않고 Colab에서 바로 실행할 수도 있습니다.\n\n"
            + "\n".join(links)
            + f"\n\n저장소는 `git clone {repository.address}` 명령으로 받습니다.\n"
        )
    stamped, count = MARKED.subn(lambda found: found[1] + filling + found[2], text)
    if count != 1:
        raise ValueError(f"{document}: <!-- 공개 주소 --> 자리가 하나여야 하는데 {count}개입니다.")
    return stamped


def publish(root: Path, address: str | None = None) -> list[Path]:
    """주소를 새기고 바뀐 파일을 돌려줍니다. 하나라도 틀리면 아무 파일도 바꾸지 않습니다.

    인자
        root: 저장소의 폴더
        address: 새 주소. 빈 글이면 지우고, None이면 _config.yml에 적힌 것을 씁니다.
    """
    written = read_repository(root)
    address = written.address if address is None else check_address(address)
    repository = Repository(address, written.branch, written.folder)

    def text(path: Path) -> str:
        return (root / path).read_text(encoding="utf-8")

    chapters = [path.relative_to(root) for path in sorted((root / "book").glob("*.ipynb"))]
    notebooks = {path: nbformat.reads(text(path), as_version=4) for path in chapters}
    titles = {
        path: notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        for path, notebook in notebooks.items()
    }
    texts = {
        CONFIG: write_address(text(CONFIG), address),
        CITATION: stamp_citation(text(CITATION), repository),
    }
    for path in DOCUMENTS:
        texts[path] = stamp_document(text(path), path, repository, titles)
    if (root / RECORD).exists():
        texts[RECORD] = text(RECORD)
    for path, notebook in notebooks.items():
        stamped = stamp_notebook(notebook, path, repository)
        texts[path] = stored_form(stamped)
        if RECORD in texts:
            texts[RECORD] = keep_record(texts[RECORD], notebook, stamped, path)

    changed = [path for path in texts if texts[path] != text(path)]
    for path in changed:
        (root / path).write_text(texts[path], encoding="utf-8", newline="\n")
    return changed


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        print("오류: 주소 하나만 적습니다.", file=sys.stderr)
        return 1
    try:
        changed = publish(ROOT, *arguments)
    except (OSError, ValueError) as error:
        print(f"오류: {error}", file=sys.stderr)
        return 1
    print(f"주소: {read_repository(ROOT).address or '없음'}. 바뀐 파일 {len(changed)}개")
    for path in changed:
        print(f"  {path.as_posix()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
