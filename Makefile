# 명령마다 필요한 것을 스스로 갖춥니다: 가상 환경 .venv를 만들고 requirements.txt를 설치합니다.
PYTHON3 ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: book test lint format execute bench clean

# 책을 짓습니다. book/_build/html/index.html을 엽니다.
book: $(INSTALLED)
	$(BIN)/jupyter-book build -W --keep-going book/

# 단위 시험, 그리고 장마다 저장된 출력이 참인지.
test: $(INSTALLED)
	$(BIN)/pytest
	$(BIN)/pytest --nbval book/

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyrefly check --python-interpreter-path $(BIN)/python

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# 장을 실행해 출력을 새로 저장합니다. CHAPTERS="book/01_encoder.ipynb"로 고릅니다.
execute: $(INSTALLED)
	$(BIN)/python book/execute.py $(CHAPTERS)

bench: $(INSTALLED)
	for file in $(sort $(wildcard benchmarks/*.py)); do $(BIN)/python "$$file" || exit 1; done

clean:
	rm -rf .venv book/_build

$(INSTALLED): requirements.txt pyproject.toml
	$(PYTHON3) -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt
	touch $@
