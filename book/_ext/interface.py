"""화면의 말과 테마의 단추를 우리말로 바꿉니다.

Sphinx는 `locale_dirs`의 번역을 원본 곁에 엮어(.mo) 두고 자기 말만 찾아 씁니다. 그래서 쓸 수 없는 폴더에서는 책을
짓지 못합니다. 여기에서는 메모리에서 엮어 Sphinx와 테마의 번역 앞에 놓습니다.
"""

from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sphinx.locale import translators

LOCALE = Path(__file__).resolve().parents[1] / "_locale"


def translations(domain: str) -> GNUTranslations:
    """_locale에 있는 번역 하나."""
    compiled = BytesIO()
    with (LOCALE / f"{domain}.po").open("rb") as file:
        write_mo(compiled, read_po(file, "ko"))
    compiled.seek(0)
    return GNUTranslations(compiled)


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    for domain in ("sphinx", "booktheme"):
        ours = translations(domain)
        if theirs := translators.get(("general", domain)):
            ours.add_fallback(theirs)
        translators["general", domain] = ours
    app.translator = translators["general", "sphinx"]
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
