"""답지: 모든 풀이와 답과 힌트가 한 쪽에 있습니다."""

import nbformat

from tools.answers import answer_book
from tools.chapters import chapters
from tools.handout import is_solution
from tools.quiz import questions


def test_answer_book_holds_every_solution_every_answer_and_the_hints_of_mistakes():
    book = answer_book(chapters())
    nbformat.validate(book)
    cells = [cell.source for cell in book.cells]
    text = "\n".join(cells)
    for path in chapters():
        notebook = nbformat.read(path, as_version=4)
        solutions = [cell.source for cell in notebook.cells if is_solution(cell)]
        assert solutions
        assert set(solutions) <= set(cells), path.name
        assert all(q.name in text for q in questions(notebook, path.stem))
    assert text.count("**흔한 틀린 답의 힌트**") >= 15
    assert "<details>" not in text
