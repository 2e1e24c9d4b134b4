# 명령마다 필요한 것을 스스로 갖춥니다: 가상 환경 .venv를 만들고 requirements.txt를 설치합니다.
# 시험을 통과한 버전(constraints.txt)으로 설치하며, `make … CONSTRAINTS=`이면 가장 새로운 버전입니다.
ifeq ($(OS),Windows_NT)
PYTHON3 ?= python
BIN := .venv/Scripts
else
PYTHON3 ?= python3
BIN := .venv/bin
endif
CONSTRAINTS ?= constraints.txt
INSTALLED := .venv/.installed

.PHONY: book test quick lint format execute claims bench ablation mutants publish lock audit handout answers kit clean

# 책을 짓습니다. book/_build/html/index.html을 엽니다. SOLUTIONS=0이면 풀이와 답을 뺀 책을 student/_build/html에 짓습니다.
book: export AELAB_SOLUTIONS := $(SOLUTIONS)
book: $(INSTALLED)
	$(BIN)/jupyter-book build -W --keep-going book/ $(if $(filter 0,$(SOLUTIONS)),--path-output student)

# 단위 시험, 그리고 장마다 저장된 출력이 참인지.
test: $(INSTALLED)
	$(BIN)/pytest
	$(BIN)/pytest --nbval book/

# 코드를 고치는 동안: 모양과, 패키지의 금방 끝나는 시험. 쓰지 않는 플러그인(nbval 등)은 불러오지 않습니다.
quick: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pytest -q -m "not slow" --disable-plugin-autoload -p xdist tests/aelab

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyrefly check --python-interpreter-path $(BIN)/python
	$(BIN)/zizmor --offline --quiet --strict-collection --persona auditor .github

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# 장을 실행해 출력을 새로 저장합니다. CHAPTERS="book/01_encoder.ipynb"로 고릅니다.
execute: $(INSTALLED)
	$(BIN)/python -m tools.execute $(CHAPTERS)

# 책의 결론을 여러 시드와 가중치로 다시 잽니다. CLAIMS="03 project"로 고릅니다.
claims: $(INSTALLED)
	$(BIN)/python -m claims $(CLAIMS)

# 진행 막대가 표에 섞이지 않게 합니다.
bench ablation: export TQDM_DISABLE = 1

# 빠르기를 흔한 방법과 견주고, 컴퓨터의 한계와 장마다의 시간과 메모리를 잽니다.
bench: $(INSTALLED)
	-$(BIN)/python -m pip install --quiet -e ".[bench]" $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) # 없으면 그 줄만 건너뜁니다
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.limits
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.chapters
	$(BIN)/python -m benchmarks.toyworld_statistics

# 학습 설정을 하나씩 바꾸어 견줍니다. 한 시간 남짓 걸립니다.
ablation: $(INSTALLED)
	$(BIN)/python -m benchmarks.ablation

# 코드를 한 군데씩 망가뜨려 시험이 알아채는 몫을 셉니다. 망가뜨리는 도구는 시험의 환경에 섞이지 않게 따로 둡니다.
mutants: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --upgrade --no-deps --target .venv/mutants mutmut==3.8.1 libcst==1.9.0 setproctitle==1.3.7 rich==15.0.0
	OMP_NUM_THREADS=1 PYTHONPATH="$(CURDIR)/.venv/mutants" $(BIN)/python -m benchmarks.mutants

# 공개 저장소의 주소를 새깁니다: make publish URL=https://github.com/OWNER/NAME
publish:
	$(PYTHON3) -m tools.publish $(if $(URL),"$(URL)")

# 지금 .venv에 설치된 버전을 적습니다. 새 버전으로 올리는 차례: make clean test lint CONSTRAINTS= 다음 make lock
lock: $(INSTALLED)
	$(BIN)/python -m pip list --format=freeze --exclude-editable --exclude pip > .venv/constraints.txt
	mv .venv/constraints.txt constraints.txt

# 적힌 버전에 알려진 취약점이 있는지 묻습니다(네트워크가 필요합니다). 시험의 환경에 섞이지 않게 따로 설치합니다.
AUDIT := $(BIN:.venv/%=.venv/audit/%)
audit:
	$(PYTHON3) -m venv .venv/audit
	$(AUDIT)/python -m pip install --quiet pip-audit==2.10.1
	$(AUDIT)/pip-audit --strict --no-deps --disable-pip -r constraints.txt

# 풀이를 뺀 노트북을 handout/에 만듭니다. OPTIONS="--published https://github.com/…"이면 Colab 링크가 그곳을 엽니다.
handout: $(INSTALLED)
	$(BIN)/python -m tools.handout handout $(OPTIONS)

# 강의하는 사람의 답지를 answers/에, 퀴즈의 문제은행(Moodle GIFT, QTI)을 quiz/에 만듭니다.
answers: $(INSTALLED)
	$(BIN)/python -m tools.answers answers
	$(BIN)/python -m tools.quiz quiz

# 네트워크 없는 강의실의 꾸러미를 kit/에 만듭니다. OPTIONS="--for windows:3.12"로 더 담습니다.
kit: book
	$(BIN)/python -m tools.kit kit $(OPTIONS)

clean:
	rm -rf .venv book/_build student mutants

$(INSTALLED): requirements.txt pyproject.toml $(CONSTRAINTS)
	@$(PYTHON3) -c "import sys; sys.version_info >= (3, 11) or sys.exit('파이썬 3.11 이상을 기대했는데 ' + sys.version.split()[0] + '입니다. make PYTHON3=python3.12처럼 고릅니다.')"
	$(PYTHON3) -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt $(if $(CONSTRAINTS),-c $(CONSTRAINTS))
	touch $@
