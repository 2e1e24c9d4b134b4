"""용어: 책과 패키지의 글이 한 가지 말만 쓰는지."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# 용어의 쓰지 않는 꼴 → 쓰는 꼴
FORBIDDEN = {
    r"자동 ?인코더|오토 인코더": "오토인코더",
    r"부호기|복호기|엔코더": "인코더, 디코더",
    r"잠재 차원성|레이턴트": "잠재 차원, 잠재",
    r"잠재 공간": "잠재공간",
    r"잠재(?:벡터|차원|표현)": "잠재 벡터, 잠재 차원, 잠재 표현",
    r"잠재 ?(?:부호|코드)|인코딩|엔코딩": "잠재 벡터",
    r"보틀넥": "병목",
    r"재구축|재건|복구": "재구성",
    r"재구성오차": "재구성 오차",
    r"[컨콘]볼루션": "합성곱",
    r"역합성곱|전치된 합성곱|전치합성곱": "전치 합성곱",
    r"스트라이드|보폭합성곱": "보폭, 보폭 합성곱",
    r"(?<!안드로이드 )패딩|출력채움": "채움, 출력 채움",
    r"피[쳐처] ?맵|피[쳐처] ?벡터|특징(?:맵|벡터)": "특징 맵, 특징 벡터",
    r"수용영역": "수용 영역",
    r"활성화?함수": "활성화 함수",
    r"배치 ?노멀라이제이션|배치 ?노말라이제이션": "배치 정규화",
    r"평균 제곱 ?오차|평균제곱 오차": "평균제곱오차",
    r"피크 신호": "최대 신호 대 잡음비",
    r"구조 유사성": "구조적 유사도",
    r"데이터 레인지": "값의 범위",
    r"(?:분포|배포|유통) 외(?!에)|분포밖": "분포 밖",
    r"훈련|교육": "학습",
    r"학습율": "학습률",
    r"테스트 ?(?:세트|셋)|(?:학습|검증|시험)세트": "학습 세트, 검증 세트, 시험 세트",
    r"프리트레인|미리 학습된": "사전 학습된",
    r"(?<![가-힣])로스(?![가-힣]{2})|손실함수": "손실, 손실 함수",
    r"옵티마이저": "최적화기",
    r"(?<![가-힣])(?:에폭|에포크)": "epoch",
    r"미니 ?배치": "묶음",
    r"샘플링": "표본 추출",
    r"생성 ?모델|생성모형": "생성 모형",
    r"인터폴레이션": "보간",
    r"(?<![가-힣])쿼리": "질의",
    r"코퍼스": "검색 대상",
    r"유클리디안": "유클리드",
    r"최근접 이웃": "가장 가까운 이웃",
    r"차원 감소|차원축소": "차원 축소",
    r"주성분분석": "주성분 분석",
    r"(?<![가-힣])매입(?!니)": "임베딩",
    r"텐서 보드": "텐서보드",
    r"체[크커]보드|체스판무늬": "체스판 무늬",
    r"블러리": "흐림",
}


def forbidden_terms(text: str) -> list[str]:
    return [
        f"{found.group()!r} 대신 {better!r}을(를) 씁니다: …{text[max(0, found.start() - 15) :][:40]!r}"
        for pattern, better in FORBIDDEN.items()
        for found in re.finditer(pattern, text)
    ]


def test_every_text_uses_the_agreed_terms(notebooks):
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for pattern in ("*.md", "book/*.md", "aelab/**/*.py")
        for path in ROOT.glob(pattern)
    }
    for name, notebook in notebooks.items():
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        texts[name] = "\n\n".join(cells)
    found = {name: forbidden_terms(text) for name, text in texts.items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
