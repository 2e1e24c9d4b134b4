"""화면의 우리말: 쓸 수 없는 폴더의 책도 우리말로 지어지는지. 단추의 이름은 tests/browser가 봅니다."""

import shutil
import subprocess
import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parents[2] / "book"


def test_translations_are_used_and_nothing_is_written_beside_the_book(tmp_path):
    """번역을 엮은 파일(.mo)을 원본 곁에 쓰면 남의 폴더나 읽기만 되는 폴더에서 책을 짓지 못합니다."""
    book = tmp_path / "book"
    for name in ("_ext", "_locale"):
        shutil.copytree(BOOK / name, book / name, ignore=shutil.ignore_patterns("__pycache__"))
    (book / "index.md").write_text("# 제목\n\n## 절\n", encoding="utf-8")
    before = sorted(book.rglob("*"))
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from sphinx.cmd.build import main; "
    command = [sys.executable, "-B", "-c", f"{code}sys.exit(main(sys.argv[1:]))", book / "_ext"]
    settings = {"extensions": "myst_parser,interface", "language": "ko"}
    options = [option for item in settings.items() for option in ("-D", "=".join(item))]
    done = subprocess.run(
        [*command, "-C", *options, book, tmp_path / "html"], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert 'title="이 제목의 주소"' in (tmp_path / "html" / "index.html").read_text("utf-8")
    assert sorted(book.rglob("*")) == before
