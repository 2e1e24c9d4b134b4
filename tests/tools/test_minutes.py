"""예상 시간: 한 규칙으로 세고, 접힌 것은 세지 않습니다."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.minutes import Minutes, estimate, table


def test_minutes_count_words_open_cells_and_exercises_and_set_deeper_sections_apart():
    folded = new_code_cell("check('가', 함수)", metadata={"tags": ["hide-cell"]})
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# 장\n" + "말 " * 998),
            new_markdown_cell("<details>\n" + "답 " * 5000 + "</details>"),
            *(new_code_cell("1") for _ in range(5)),
            new_markdown_cell("### 더 깊이: 절\n" + "말 " * 1000),
            new_markdown_cell("#### 그 안의 절"),
            *(new_code_cell("1") for _ in range(5)),
            new_markdown_cell("### 다음 절"),
            *(new_code_cell("check('가', 함수)") for _ in range(5)),
            folded,
        ]
    )
    assert estimate(notebook) == Minutes(core=15, reading=30, all=70)


def test_the_table_of_the_first_page_gets_both_times():
    row = "| [가](01_a.ipynb) | 무엇? | 0분 | 0분 |"
    assert table(row, {"01_a": Minutes(10, 20, 30)}) == "| [가](01_a.ipynb) | 무엇? | 10분 | 30분 |"
