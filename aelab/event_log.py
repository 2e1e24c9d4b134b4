"""텐서보드의 기록을 열기 전에 할 일."""

import sys
from types import ModuleType


def keep_tensorflow_out() -> None:
    """텐서보드가 TensorFlow를 불러오지 않게 합니다. 텐서보드를 처음 불러오기 전에 부릅니다.

    TensorFlow가 함께 깔린 컴퓨터에서 torch와 한 프로세스에 불러오면 학습을 시작하는 순간 커널이 죽을 수
    있습니다. 텐서보드는 이 이름의 모듈이 있으면 TensorFlow 대신 자신에게 딸린 작은 대역을 씁니다.
    """
    name = "tensorboard.compat.notf"
    sys.modules.setdefault(name, ModuleType(name))
