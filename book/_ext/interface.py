"""테마의 단추에 우리말을 더합니다.

Sphinx는 `_locale`에서 자기 말(sphinx.po)만 찾아 씁니다. 테마가 번역하지 않은 말은 booktheme.po에 있고,
여기에서 엮어 테마의 번역 뒤에 붙입니다.
"""

from pathlib import Path

from sphinx.util.i18n import CatalogInfo

LOCALE = Path(__file__).resolve().parents[1] / "_locale"


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    CatalogInfo(str(LOCALE / "ko" / "LC_MESSAGES"), "booktheme", "utf-8").write_mo("ko")
    app.add_message_catalog("booktheme", str(LOCALE))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
