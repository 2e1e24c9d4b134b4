"""제출물 하나를 실행하며 채점하는 커널. 무엇을 막고 무엇을 막지 못하는지는 grade.py에 적었습니다."""

import ast
import contextlib
import hashlib
import inspect
import os
import queue
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.execute import find_cifar10

START_TIMEOUT = 120  # 초. 커널이 뜰 때까지
TOO_LONG = "제한 시간 안에 끝나지 않았습니다."
GRACE = 5  # 초. 멈추라고 한 다음 기다리는 시간
CORRECT, WRONG, UNSOLVED, MISSING, FAILED = "정답", "오답", "풀지 않음", "없음", "실행 실패"
# 커널이 물려받는 환경 변수. 나머지에는 비밀이 있을 수 있다
INHERITED = ("PATH", "LANG", "OMP_NUM_THREADS", "SYSTEMROOT", "TEMP", "TMP", "PATHEXT", "COMSPEC")
VERDICTS = {True: CORRECT, False: WRONG, None: UNSOLVED, "오류": FAILED}


def install_grader() -> str:
    """채점기를 커널에 둡니다. 이 함수의 글을 커널로 보내 학생의 코드보다 먼저 부릅니다.

    커널이 요청의 user_expressions를 셈하는 자리에 채점을 끼웁니다. 채점에 쓰는 이름은 모두 여기서 읽어 두므로
    학생이 제 이름공간에 무엇을 정하든 바뀌지 않습니다. sys.modules에서는 지우므로 학생이 aelab.exercises를
    불러 바꾸는 것은 나중에 따로 읽힌 사본입니다. 돌려주는 값은 응답에 붙일 서명의 열쇠이고, 커널로 보내는 글
    어디에도 적히지 않습니다.
    """
    import hashlib
    import importlib
    import os
    import pkgutil
    import sys

    package = importlib.import_module("aelab.exercises")
    names = [info.name for info in pkgutil.iter_modules(package.__path__)]
    modules = {name: importlib.import_module(f"aelab.exercises.{name}") for name in names}

    def find(name):
        module, _, exercise = name.partition(".")
        return getattr(modules[module], exercise)

    package._find = find
    for name in [name for name in sys.modules if name.startswith("aelab.exercises")]:
        del sys.modules[name]
    vars(importlib.import_module("aelab")).pop("exercises", None)

    shell = get_ipython()
    shell.user_ns.pop("install_grader")
    secret = os.urandom(16).hex()
    grade, evaluate, write, sign = package.grade, eval, ascii, hashlib.sha256

    def user_expressions(request):
        if not request:
            return {}
        try:
            answer = evaluate(request["answer"], shell.user_global_ns, shell.user_ns)
            result = grade(request["name"], answer)
        except BaseException as error:
            result = "오류", f"{type(error).__name__}: {error}"
        text = write(result)
        signature = sign((secret + request["nonce"] + text).encode()).hexdigest()
        return {"result": text, "signature": signature}

    shell.user_expressions = user_expressions
    return secret


class Stopped(Exception):
    """커널이 끝나지 않거나 꺼져 더 실행할 수 없습니다."""


@dataclass(frozen=True)
class Result:
    """문제 하나의 결과."""

    exercise: str  # 장.문제
    verdict: str
    hint: str = ""


class Kernel:
    """제출물 하나를 실행하는 커널. 빈 임시 폴더에서 돌고, 바깥의 환경 변수를 거의 물려받지 않습니다."""

    def __init__(self):
        from jupyter_client import KernelManager

        self.folder, self.sockets = tempfile.mkdtemp(), tempfile.mkdtemp()
        # 소켓 파일(ipc)이면 같은 컴퓨터의 다른 사용자가 엿듣지 못한다. Windows에는 없다
        transport = "tcp" if os.name == "nt" else "ipc"
        self.manager = KernelManager(kernel_name="python3", transport=transport)
        if transport == "ipc":
            self.manager.ip = str(Path(self.sockets) / "kernel")
        self.client = self.manager.client()
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment |= {
            "HOME": self.folder,
            "USERPROFILE": self.folder,
            "AELAB_OFFLINE": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "TQDM_DISABLE": "1",
        }
        if data := find_cifar10():
            environment["AELAB_DATA"] = str(data)
        self.manager.start_kernel(cwd=self.folder, env=environment)
        self.client.load_connection_info(self.manager.get_connection_info())
        self.client.start_channels()
        self.client.wait_for_ready(timeout=START_TIMEOUT)
        # PyTorch를 읽는 시간은 학생의 셀에 치지 않는다. 학생이 볼 수 있는 이력(In)에도 남기지 않는다
        reply = self.ask(
            inspect.getsource(install_grader),
            START_TIMEOUT,
            silent=True,
            store_history=False,
            user_expressions={"secret": "install_grader()"},
        )
        secret = reply.get("user_expressions", {}).get("secret", {})
        if secret.get("status") != "ok":
            raise RuntimeError("채점기를 읽지 못했습니다. aelab이 설치되어 있는지 확인합니다.")
        self.secret = ast.literal_eval(secret["data"]["text/plain"])

    def ask(self, source: str, timeout: float, **options) -> dict:
        """커널에 실행을 청하고 응답의 내용을 기다립니다. 시간이 지나면 멈추라고 하고, 듣지 않으면 Stopped."""
        request = self.client.execute(source, allow_stdin=False, **options)
        for wait in (timeout, GRACE):
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline:
                try:
                    reply = self.client.get_shell_msg(timeout=0.5)
                except queue.Empty:
                    if not self.manager.is_alive():
                        raise Stopped(
                            "커널이 꺼졌습니다(메모리가 모자라거나 코드가 끈 것입니다)."
                        ) from None
                    continue
                if reply["parent_header"].get("msg_id") == request:
                    return reply["content"]
            self.manager.interrupt_kernel()
        raise Stopped(TOO_LONG)

    def run(self, source: str, timeout: float) -> str:
        """글을 실행합니다. 오류가 없으면 빈 글, 있으면 그 까닭."""
        reply = self.ask(source, timeout)
        if reply["status"] == "ok":
            return ""
        if reply.get("ename") == "KeyboardInterrupt":
            return TOO_LONG
        return f"{reply.get('ename', '오류')}: {reply.get('evalue', '')}"

    def grade(self, name: str, answer: str, timeout: float) -> Result:
        """학생의 이름공간에서 식 `answer`를 셈해 채점기에 넣습니다.

        결과는 화면의 글이 아니라 서명이 붙은 응답으로 받습니다.
        """
        nonce = os.urandom(16).hex()
        request = {"name": name, "answer": answer, "nonce": nonce}
        reply = self.ask("", timeout, silent=True, user_expressions=request)
        signed = reply.get("user_expressions", {})
        text = str(signed.get("result"))
        signature = hashlib.sha256((self.secret + nonce + text).encode()).hexdigest()
        if signed.get("signature") != signature:
            return Result(name, FAILED, "채점기가 결과를 돌려주지 않았습니다.")
        verdict, hint = ast.literal_eval(text)
        if verdict == "오류" and hint.startswith("KeyboardInterrupt"):
            hint = TOO_LONG
        return Result(name, VERDICTS[verdict], hint)

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            group = getattr(self.manager.provisioner, "pgid", None)
            self.manager.shutdown_kernel(now=True)
            if group:  # 학생의 코드가 띄워 둔 프로세스까지
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
        for folder in (self.folder, self.sockets):
            shutil.rmtree(folder, ignore_errors=True)
