"""한국어 전문 검색.

Sphinx는 한국어를 띄어쓰기로만 나누어, "오토인코더를"에서 "오토인코더"를, 두 글자인 "손실"을
찾지 못합니다. 여기서는 한글을 한 글자와 두 글자 조각으로 색인하고, 질의에서 조사를 떼어 같은
조각으로 나눈 뒤, 모든 조각이 든 쪽을 찾습니다. 띄어 쓴 두 낱말의 경계도 조각 하나로 보므로
"생성모형"으로 "생성 모형"을 찾습니다. 로마자 낱말은 Sphinx의 영어 규칙을 그대로 따릅니다.
"""

import re

from sphinx.search.en import SearchEnglish

# Sphinx의 검색기는 두 글자 이하인 질의어를 "없어도 되는 말"로 봅니다. 조각 앞에 표지를 붙여
# 세 글자를 넘기면 모든 낱말이 꼭 있어야 하는 말이 됩니다.
MARK = "~~"

_TOKEN = re.compile(r"[가-힣]+|[^\W가-힣]+")

# 질의를 색인과 같은 조각으로 나누도록 Sphinx의 검색기(searchtools.js)를 고칩니다.
QUERY_SCRIPT = r"""
const koreanSearch = {
  mark: "MARK",
  josa: /(에서는|에서도|으로는|으로써|이라는|이라고|에서|에게|까지|부터|으로|처럼|보다|마다|이나|이란|라는|라고|을|를|이|가|은|는|의|에|로|와|과|도|만|란)$/,
  // 질의 → 조사를 뗀 낱말. 떼고 나서 두 글자가 남지 않으면 조사로 보지 않습니다.
  words(query) {
    return query
      .toLowerCase()
      .split(/[^\p{Letter}\p{Number}_]+/u)
      .map((word) => (word.replace(koreanSearch.josa, "").length >= 2 ? word.replace(koreanSearch.josa, "") : word))
      .flatMap((word) => word.match(/[가-힣]+|[^가-힣]+/g) ?? [])
      .filter((word) => !stopwords.includes(word));
  },
  // 낱말 → 색인에 든 조각
  terms(word) {
    if (word.length <= 2) return [koreanSearch.mark + word];
    if (!/[가-힣]/.test(word)) return [new Stemmer().stemWord(word)];
    return [...word].slice(1).map((_, i) => koreanSearch.mark + word.slice(i, i + 2));
  },
};
var splitQuery = (query) => koreanSearch.words(query);
koreanSearch.install = () => {
  if (typeof Search === "undefined") return;
  // file://에서는 브라우저가 다른 쪽을 읽지 못하게 하므로 미리 보기를 만들지 않습니다.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  let words = new Set();
  Search._parseQuery = (query) => {
    words = new Set(koreanSearch.words(query));
    localStorage.setItem("sphinx_highlight_terms", [...words].join(" "));
    const terms = new Set([...words].flatMap(koreanSearch.terms));
    return [query, terms, new Set(), words, words];
  };
  const summarize = Search.makeSearchSummary;
  Search.makeSearchSummary = (text, _terms, anchor) => summarize(text, words, anchor);
};
// searchtools.js가 먼저 실려 있으면 바로, 아니면 다 실린 뒤에 고칩니다.
if (typeof Search === "undefined") document.addEventListener("DOMContentLoaded", koreanSearch.install);
else koreanSearch.install();
""".replace("MARK", MARK)


class SearchKorean(SearchEnglish):
    """한글은 한두 글자 조각으로, 로마자는 영어 규칙으로 색인하는 검색 언어입니다."""

    lang = "ko"
    language_name = "Korean"
    js_splitter_code = QUERY_SCRIPT

    def split(self, text: str) -> list[str]:
        """글에서 색인할 조각을 뽑습니다."""
        pieces = []
        previous_end, previous_syllable = None, ""
        for match in _TOKEN.finditer(text):
            token = match.group()
            if not "가" <= token[0] <= "힣":
                pieces.append(token if len(token) > 2 else MARK + token)
                continue
            if previous_end is not None and text[previous_end : match.start()].isspace():
                pieces.append(MARK + previous_syllable + token[0])
            pieces += [MARK + syllable for syllable in token]
            pieces += [MARK + token[i : i + 2] for i in range(len(token) - 1)]
            previous_end, previous_syllable = match.end(), token[-1]
        return pieces

    def stem(self, word: str) -> str:
        """로마자 낱말만 어간으로 줄입니다."""
        return word if word.startswith(MARK) else super().stem(word)


def _tidy_scripts(app, pagename, templatename, context, doctree) -> None:
    """쓰지 않는 thebe를 빼고, 두 번 실려 `let`이 겹치는 스크립트는 하나만 남깁니다."""
    scripts = {}
    for script in context["script_files"]:
        source = f"{script.filename or ''} {script.attributes.get('body', '')}"
        if "thebe" not in source:
            scripts.setdefault(source, script)
    context["script_files"] = list(scripts.values())


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    app.add_search_language(SearchKorean)
    app.connect("html-page-context", _tidy_scripts, priority=999)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
