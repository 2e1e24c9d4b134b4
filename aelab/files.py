"""파일을 한 번에 바꾸어 씁니다."""

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """다 쓴 파일로 한 번에 바꿉니다. 어느 순간에 죽어도 앞선 파일이나 새 파일이 온전히 남습니다."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
