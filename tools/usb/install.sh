#!/bin/sh
# 파이썬을 고르려면: PYTHON=python3.12 sh install.sh
exec "${PYTHON:-python3}" "$(dirname "$0")/install.py" "$@"
