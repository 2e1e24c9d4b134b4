@echo off
chcp 65001 >nul
cd /d "%~dp0"
set AELAB_OFFLINE=1
if exist data set AELAB_DATA=%~dp0data
.venv\Scripts\python.exe -m jupyterlab notebooks %*
pause
