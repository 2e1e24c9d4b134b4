"""공개 저장소의 주소를 책의 곳곳에 새깁니다. 주소를 적는 곳은 book/_config.yml의 repository 한 곳입니다.

    python -m tools.publish https://github.com/OWNER/NAME              # 주소를 적고 새깁니다.
    python -m tools.publish https://github.com/OWNER/NAME/tree/2027-1  # 가지나 꼬리표도 함께 정합니다.
    python -m tools.publish                                            # 적혀 있는 주소를 다시 새깁니다.
    python -m tools.publish ""                                         # 주소를 지우고 되돌립니다.

새기는 곳은 장의 첫 셀(Colab에서의 설치)과 Colab 링크, 쪽의 단추, README, 들어가는 글, CITATION.cff입니다.
첫 셀에는 패키지의 지문도 새겨, 옛 aelab이 남아 있는 서버에서는 다시 설치합니다. 그래서 aelab을 고친 뒤에도
다시 새깁니다. 주소가 없으면 첫 셀은 아무것도 내려받지 않고 할 일만 알려 줍니다.

설치하지 않고 쓸 수 있게 파이썬에 들어 있는 것만 씁니다.
"""

import hashlib
import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from tools.chapters import chapters, code_hash
from tools.first_cell import end_of_first_lines, first_lines

ROOT = Path(__file__).resolve().parents[1]
CONFIG = Path("book/_config.yml")
CITATION = Path("CITATION.cff")
RECORD = Path("book/versions.json")
PACKAGE = Path("aelab")
PROJECT = Path("pyproject.toml")
DOCUMENTS = (Path("README.md"), Path("book/intro.md"))
COLAB = "https://colab.research.google.com"
GITHUB = "https://github.com/"

OWNER = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*")
NAME = re.compile(r"[A-Za-z0-9._-]+")
BRANCH = re.compile(r"[A-Za-z0-9_]+(?:[./+-]?[A-Za-z0-9_]+)*")
SETTING = re.compile(r"^  (url|branch|path_to_book): *[\"']?([^\"'#\n]*?)[\"']? *$", re.MULTILINE)
COLAB_LINK = re.compile(r"\n\n\[Colab에서 열기\]\([^)\n]*\)")
MARKED = re.compile(r"(<!-- 공개 주소 -->\n).*?(<!-- 공개 주소 끝 -->)", re.DOTALL)


@dataclass(frozen=True)
class Repository:
    """공개 저장소. address가 빈 글이면 아직 정해지지 않은 것입니다."""

    address: str  # https://github.com/OWNER/NAME
    branch: str  # 가지나 꼬리표
    folder: str  # 저장소 안에서 책이 있는 폴더
    version: str = ""  # 패키지의 지문

    @property
    def archive(self) -> str:
        """pip가 설치할 수 있는 묶음. git이 없는 컴퓨터에서도 받을 수 있습니다. 주소가 없으면 빈 글입니다.

        GitHub는 ?v=를 보지 않습니다. 어느 판을 설치했는지 pip이 주소째 적어 두게 하려는 것입니다.
        """
        if not self.address:
            return ""
        return f"{self.address}/archive/{self.branch}.zip?v={self.version}"

    @property
    def site(self) -> str:
        """GitHub Pages의 주소."""
        owner, name = self.address.split("/")[-2:]
        host = f"{owner.lower()}.github.io"
        return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"

    def colab(self, chapter: Path) -> str:
        """장을 Colab에서 여는 주소."""
        path = self.address.removeprefix(GITHUB)
        return f"{COLAB}/github/{path}/blob/{self.branch}/{self.folder}/{chapter.name}"


def read_address(text: str) -> tuple[str, str]:
    """브라우저나 Clone 단추에서 베낀 주소를 `https://github.com/OWNER/NAME`과 가지(없으면 빈 글)로 나눕니다.

    빈 글은 주소를 지운다는 뜻이어서 그대로 둡니다.

    오류: 그런 주소가 아니거나, 이름에 쓸 수 없는 글자가 있으면 ValueError.
    """
    if text == "":
        return "", ""
    expected = f"{GITHUB}OWNER/NAME 꼴이어야 하는데 {text!r}이(가) 왔습니다."
    if not text.startswith(GITHUB):
        raise ValueError(f"주소: {expected}")
    path, tree, branch = text.removeprefix(GITHUB).partition("/tree/")
    owner, slash, name = path.removesuffix("/").removesuffix(".git").partition("/")
    if not slash or not name or "/" in name:
        raise ValueError(f"주소: 주인과 저장소의 이름까지만 적습니다. {expected}")
    if not OWNER.fullmatch(owner) or len(owner) > 39:
        raise ValueError(f"주소: 주인의 이름 {owner!r}은(는) 쓸 수 없습니다. {expected}")
    if not NAME.fullmatch(name) or len(name) > 100 or name in (".", ".."):
        raise ValueError(f"주소: 저장소의 이름 {name!r}은(는) 쓸 수 없습니다. {expected}")
    if tree:
        check_branch(branch)
    return f"{GITHUB}{owner}/{name}", branch


def check_branch(branch: str) -> str:
    """가지나 꼬리표의 이름이 주소와 셀에 그대로 적어도 되는 글자로만 되어 있는지 봅니다."""
    if not BRANCH.fullmatch(branch):
        raise ValueError(
            f"가지: 영어 글자와 숫자와 . _ / + -로 된 이름을 기대했는데 {branch!r}이(가) 왔습니다."
        )
    return branch


def read_repository(root: Path) -> Repository:
    """_config.yml에 적힌 저장소와, 지금 있는 패키지의 지문."""
    settings = dict(SETTING.findall((root / CONFIG).read_text(encoding="utf-8")))
    if missing := {"url", "branch", "path_to_book"} - settings.keys():
        raise ValueError(f"{CONFIG}: repository에 {', '.join(sorted(missing))} 줄이 없습니다.")
    address, _ = read_address(settings["url"])
    branch = check_branch(settings["branch"])
    return Repository(address, branch, settings["path_to_book"], package_hash(root))


def package_hash(root: Path) -> str:
    """설치되는 파일의 지문. 여덟 글자입니다."""
    files = [path for path in sorted((root / PACKAGE).rglob("*")) if path.is_file()]
    digest = hashlib.sha256((root / PROJECT).read_bytes())
    for path in files:
        if "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:8]


def write_address(config: str, repository: Repository) -> str:
    """_config.yml의 글에 주소를 적고 쪽의 단추를 켜거나 끕니다. 주석과 차례는 그대로 둡니다."""
    address = repository.address
    for key, value in (
        ("url", f'"{address}"'),
        ("branch", f'"{repository.branch}"'),  # 따옴표가 없으면 1.10이 수 1.1로 읽힌다
        ("use_repository_button", "true" if address else "false"),
        ("colab_url", f'"{COLAB if address else ""}"'),
    ):
        config, count = re.subn(rf"^(  {key}:) .*$", rf"\1 {value}", config, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"{CONFIG}: `  {key}: …` 줄이 하나여야 하는데 {count}개입니다.")
    return config


def stamp_notebook(notebook: dict, chapter: Path, repository: Repository) -> dict:
    """제목 밑의 Colab 링크와 첫 코드 셀의 앞머리를 바꾼 노트북. 출력은 그대로입니다."""
    stamped = json.loads(json.dumps(notebook))
    title = next(cell for cell in stamped["cells"] if cell["cell_type"] == "markdown")
    text = COLAB_LINK.sub("", "".join(title["source"]))
    if repository.address:
        heading, rest = re.match(r"([^\n]*)(.*)", text, re.DOTALL).groups()
        text = f"{heading}\n\n[Colab에서 열기]({repository.colab(chapter)}){rest}"
    title["source"] = text.splitlines(keepends=True)
    code = next(cell for cell in stamped["cells"] if cell["cell_type"] == "code")
    source = "".join(code["source"])
    rest = source.splitlines(keepends=True)[end_of_first_lines(source, chapter) :]
    text = "".join([first_lines(repository.archive), *rest]).rstrip("\n")
    code["source"] = text.splitlines(keepends=True)
    return stamped


def keep_record(record: str, before: dict, after: dict, chapter: Path) -> str:
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
        address: 새 주소. 빈 글이면 지우고, None이면 _config.yml에 적힌 것을 씁니다. 가지가 들어 있지 않으면
            적혀 있는 가지를 그대로 씁니다.
    """
    repository = read_repository(root)
    if address is not None:
        found, branch = read_address(address)
        repository = replace(repository, address=found, branch=branch or repository.branch)

    def text(path: Path) -> str:
        return (root / path).read_text(encoding="utf-8")

    listed = [path.relative_to(root) for path in chapters(root / "book")]
    notebooks = {path: json.loads(text(path)) for path in listed}
    titles = {
        path: "".join(notebook["cells"][0]["source"]).splitlines()[0].removeprefix("# ")
        for path, notebook in notebooks.items()
    }
    texts = {
        CONFIG: write_address(text(CONFIG), repository),
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


def stored_form(notebook: dict) -> str:
    """tools/execute.py가 저장하는 것과 같은 모양의 글."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        print("오류: 주소 하나만 적습니다.", file=sys.stderr)
        return 1
    try:
        changed = publish(ROOT, *arguments)
    except (OSError, ValueError) as error:
        print(f"오류: {error}", file=sys.stderr)
        return 1
    written = read_repository(ROOT)
    where = f"{written.address}, 가지 {written.branch}" if written.address else "없음"
    print(f"주소: {where}. 바뀐 파일 {len(changed)}개")
    for path in changed:
        print(f"  {path.as_posix()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
