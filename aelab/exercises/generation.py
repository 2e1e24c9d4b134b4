"""7장 생성의 연습문제."""

from functools import cache

import torch
from torch import Tensor

from aelab.data import load_images
from aelab.exercises.answers import Hint, as_shape, call, expect
from aelab.exercises.prediction import Prediction
from aelab.generation import LatentGaussian
from aelab.inference import predict
from aelab.models import Autoencoder
from aelab.pretrained import load_pretrained


@cache
def _coded() -> tuple[Autoencoder, Tensor]:
    model = load_pretrained(256)
    return model, predict(model.encoder, load_images(split="test")[:1000])


def _high_frequency_energy(images: Tensor) -> float:
    frequency = torch.fft.fftfreq(32) * 32
    waves = (frequency[:, None] ** 2 + frequency**2).sqrt()
    power = torch.fft.fft2(images, norm="ortho").abs().square()
    return float(power[..., waves >= 8].sum() / len(images))


@cache
def _spread() -> float:
    model, codes = _coded()
    fitted = LatentGaussian.fit(codes)
    some = fitted.sample(300, generator=torch.Generator().manual_seed(0))
    near, far = (
        _high_frequency_energy(predict(model.decoder, fitted.mean + scale * (some - fitted.mean)))
        for scale in (1, 2)
    )
    return far / near


spread = Prediction(
    _spread,
    lambda right: {
        "에너지가 아니라 크기의 비입니다. 에너지는 크기의 제곱입니다.": right**0.5,
        "나누는 순서가 뒤바뀌었습니다. 멀리 뽑은 것을 그대로 뽑은 것으로 나눕니다.": 1 / right,
    },
    "디코더가 선형에 가까우면 무늬의 크기가 두 배가 되고, 에너지는 크기의 제곱입니다.",
)


@cache
def _beyond() -> float:
    model, codes = _coded()
    a, b = codes[:100], codes[100:200]
    ends = predict(model.decoder, a), predict(model.decoder, b)
    pixels = ends[0] + 2 * (ends[1] - ends[0])
    apart = (predict(model.decoder, a + 2 * (b - a)) - pixels).flatten(1).norm(dim=1)
    return float((apart / (ends[1] - ends[0]).flatten(1).norm(dim=1)).mean())


beyond = Prediction(
    _beyond,
    lambda right: {"A와 픽셀의 끝 점의 거리로 나누었습니다. A와 B의 거리로 나눕니다.": right / 2},
    "디코더는 진짜 잠재 벡터가 있는 곳에서만 선형에 가깝고, 출력은 -1과 1 사이를 벗어나지 못합니다.",
)

kept_noise = Prediction(
    lambda: (2 / 3) ** 0.5,
    lambda right: {
        "s가 아니라 분산 s²입니다. 제곱근을 구합니다.": right**2,
        "σ²이 0.02일 때의 s입니다. σ²을 2로 바꿉니다.": (1 / 51) ** 0.5,
        "σ²이 아니라 σ를 2로 두었습니다.": 0.8**0.5,
    },
    "σ²이 커지면 재구성의 힘이 줄고 KL이 이겨, s가 0이 아니라 1로 다가갑니다.",
)


def copies(answer: object) -> None:
    """학습 자료를 작은 잡음과 함께 베낀 표본마다 True를 주는 함수 `copies(samples, training, fresh)`."""
    generator = torch.Generator().manual_seed(0)
    for dim, scale, apart in ((48, 1.0, 1), (12, 30.0, 6), (100, 0.02, 1)):
        blobs = apart * torch.randn(8, dim, generator=generator)
        training, fresh, new = (
            scale * _around(blobs, count, generator) for count in (300, 200, 60)
        )
        noise = torch.randn(40, dim, generator=generator)
        copied = training[torch.randperm(300, generator=generator)[:40]] + 0.02 * scale * noise
        order = torch.randperm(100, generator=generator)
        samples, truth = torch.cat([copied, new])[order], (torch.arange(100) < 40)[order]
        found = _marks(answer, samples, training, fresh)
        caught, alarms = int((found & truth).sum()), int((found & ~truth).sum())
        slip = "진짜 자료 fresh에서 학습 자료까지의 거리는 보통 얼마인지, 그보다 유난히 가까운 것은 무엇인지 봅니다."
        if (caught, alarms) == (0, 60):
            slip = "거꾸로입니다. 베낀 표본은 학습 자료와 가깝습니다."
        elif caught == 0:
            slip = "기준이 너무 작습니다. 베낀 것에도 작은 잡음이 있어 거리가 0은 아닙니다."
        elif alarms == 60:
            slip = "기준이 너무 큽니다. 자료의 크기가 바뀌면 거리도 바뀌므로 기준을 fresh에서 구합니다."
        expect(
            caught == 40 and alarms <= 6,
            f"{dim}차원, 크기 {scale:g}의 자료에서 베낀 40개 가운데 {caught}개를 찾았고 새로운 60개 가운데 {alarms}개를 베꼈다고 했습니다. {slip}",
            all(
                torch.equal(_marks(answer, samples[part], training, fresh), found[part])
                for part in (truth, ~truth)
            ),
            "같은 표본의 답이 함께 들어온 다른 표본에 따라 달라집니다. 기준은 samples가 아니라 fresh에서 구합니다.",
        )


def _around(blobs: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """여러 무리의 둘레에 흩어진 점. 퍼진 정도가 점마다 다릅니다."""
    chosen = torch.randint(len(blobs), (count,), generator=generator)
    spread = 0.3 + 0.4 * torch.rand(count, 1, generator=generator)
    return blobs[chosen] + spread * torch.randn(count, blobs.shape[1], generator=generator)


def _marks(answer: object, samples: Tensor, training: Tensor, fresh: Tensor) -> Tensor:
    found = call(answer, samples, training, fresh)
    as_shape(found, (len(samples),))
    if found.dtype != torch.bool:
        raise Hint(
            f"True와 False의 텐서를 기대했는데 {found.dtype}이(가) 왔습니다. 거리를 기준과 견줍니다."
        )
    return found
