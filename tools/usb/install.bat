@echo off
chcp 65001 >nul
rem 파이썬을 고르려면 명령 프롬프트에서: py -3.12 install.py
where py >nul 2>nul
if %errorlevel%==0 (py "%~dp0install.py" %*) else (python "%~dp0install.py" %*)
pause
