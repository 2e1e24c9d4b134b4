#!/bin/sh
# 설치된 폴더에서 JupyterLab을 엽니다. 끝내려면 Ctrl+C
cd "$(dirname "$0")" || exit 1
export AELAB_OFFLINE=1
if [ -d data ]; then
  AELAB_DATA="$PWD/data"
  export AELAB_DATA
fi
exec .venv/bin/python -m jupyterlab notebooks "$@"
