"""책이 맺은 결론을 다시 잽니다: 다른 시드, 다른 가중치, 다른 이미지로, 구간과 대조를 갖추어.

    python -m claims           # 모든 장
    python -m claims 03        # 3장만

장마다 파일 하나(ch03.py)이고 공개 함수 하나가 주장 하나(`Claim`)입니다. 결과는 results/에 있고,
쪽 《이 책의 주장》(book/claims.md)이 그것을 표로 만듭니다.
"""
