"""`pytest --nbval`에 준 것이 그대로 쓰이는지."""

from types import SimpleNamespace

import pytest

import conftest
from tools import execute


@pytest.mark.parametrize(
    ("arguments", "given", "used"),
    [
        ([], 2000, conftest.CELL_TIMEOUT),  # 2000은 nbval의 기본값
        (["--nbval-cell-timeout", "7"], "7", "7"),
        (["--nbval-cell-timeout=7"], "7", "7"),
    ],
)
def test_a_time_limit_that_is_given_is_kept(arguments, given, used, monkeypatch):
    monkeypatch.setattr(execute, "find_cifar10", lambda: None)
    monkeypatch.setattr(execute, "prepare_environment", lambda data: None)
    option = SimpleNamespace(nbval=True, nbval_cell_timeout=given)
    invoked = SimpleNamespace(args=["--nbval", "book/", *arguments])
    conftest.pytest_configure(SimpleNamespace(option=option, invocation_params=invoked, stash={}))
    assert option.nbval_cell_timeout == used
