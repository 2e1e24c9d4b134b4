"""주장 하나의 꼴과 95 % 구간과 판정. 구간은 모두 이 파일에서 내고, 판정은 적지 않고 셈합니다."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """한 무리(가중치나 조건)에서 잰 값과 95 % 구간."""

    group: str  # 무엇에서 쟀는가. 가중치라면 "배포 64"처럼 모음과 잠재 차원
    unit: str  # 되풀이의 단위: "이미지", "시드" 따위
    n: int  # 단위의 수
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Expected:
    """구간이 통째로 들어가야 하는 열린 범위. None은 그쪽에 문턱이 없다는 뜻입니다."""

    low: float | None = None
    high: float | None = None

    def judge(self, estimate: Estimate) -> str:
        """ "성립"(통째로 안), "반대"(통째로 밖), "걸침"(문턱이 구간 안에 있음) 가운데 하나."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        if low < estimate.low and estimate.high < high:
            return "성립"
        return "반대" if estimate.high <= low or high <= estimate.low else "걸침"


def above(threshold: float) -> Expected:
    """`threshold`보다 큽니다."""
    return Expected(low=threshold)


def below(threshold: float) -> Expected:
    """`threshold`보다 작습니다."""
    return Expected(high=threshold)


def within(margin: float, center: float = 0.0) -> Expected:
    """`center`에서 `margin` 안입니다. 구간이 넓으면 서지 않으므로 "차이가 없다"에도 검정력이 듭니다."""
    return Expected(center - margin, center + margin)


@dataclass(frozen=True)
class Claim:
    """책의 결론 하나."""

    sentence: str  # 장에 적힌 문장(또는 그 고갱이)
    section: str  # 그 문장이 있는 절의 제목
    quantity: str  # 잰 것
    unit: str  # 값의 단위. 없으면 빈 글
    control: str  # 무엇이 나왔다면 이 주장을 버렸을까
    expects: Expected
    estimates: Sequence[Estimate]
    controls: Sequence[Estimate] = ()  # 함께 잰 대조. 기대한 범위에 들면 안 됩니다

    def groups(self, judged: str) -> list[str]:
        """판정이 `judged`인 무리의 이름."""
        return [each.group for each in self.estimates if self.expects.judge(each) == judged]

    @property
    def verdict(self) -> str:
        """모든 무리에서 서면 "성립", 일부면 "…에서만 성립", 하나도 없으면 "보이지 않음".

        대조도 기대한 범위에 들면 그 실험은 주장을 가려내지 못하므로 "알 수 없음"입니다.
        """
        if any(self.expects.judge(control) == "성립" for control in self.controls):
            return "알 수 없음"
        holding = self.groups("성립")
        if len(holding) == len(self.estimates):
            return "성립"
        return f"{', '.join(holding)}에서만 성립" if holding else "보이지 않음"


def over_seeds(group: str, values: Sequence[float], unit: str = "시드") -> Estimate:
    """시드(처음 값, 학습, 난수)마다 하나인 값의 평균과 t 구간."""
    values = np.asarray(values, float)
    half = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * stats.sem(values)
    return Estimate(
        group, unit, len(values), values.mean(), values.mean() - half, values.mean() + half
    )


def over_images(
    group: str,
    *columns: np.ndarray,
    statistic: Callable = np.mean,
    seed: int = 0,
    unit: str = "이미지",
) -> Estimate:
    """이미지마다 하나인 값으로 낸 통계량과 붓스트랩 백분위 구간.

    인자
        columns: 이미지의 차례가 같은 (n,) 배열들. 이미지째 다시 뽑으므로 짝이 유지됩니다.
        statistic: `columns`를 받아 수 하나를 냅니다. 인자 `axis`가 있으면 한꺼번에 셈합니다.
    """
    columns = [np.asarray(column, float) for column in columns]
    interval = stats.bootstrap(
        columns,
        statistic,
        paired=True,
        n_resamples=RESAMPLES,
        batch=50,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(group, unit, len(columns[0]), float(statistic(*columns)), *interval)


def share(group: str, hits: np.ndarray, unit: str = "이미지") -> Estimate:
    """참인 비율(%)과 윌슨(Wilson) 구간. 0 %나 100 %에서도 폭이 있습니다."""
    hits = np.asarray(hits, bool)
    interval = stats.binomtest(int(hits.sum()), len(hits)).proportion_ci(LEVEL, "wilson")
    low, high = 100 * interval.low, 100 * interval.high
    return Estimate(group, unit, len(hits), 100 * hits.mean(), low, high)


def exhaustive(group: str, values: Sequence[float], unit: str) -> Estimate:
    """표본이 아니라 모두 세었을 때: 평균과, 구간 대신 가장 작은 값과 가장 큰 값."""
    values = np.asarray(values, float)
    return Estimate(group, unit, len(values), values.mean(), values.min(), values.max())
