"""기말 프로젝트의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import torch
from torch.nn import functional as F

from aelab.metrics import mse, psnr, squared_error_per_image


def as_column(sigma):
    return sigma.reshape(-1, 1, 1, 1) if isinstance(sigma, torch.Tensor) else sigma


def plain_noise(images, sigma, generator):
    return images + as_column(sigma) * torch.randn(images.shape, generator=generator)


def noise_by_normal(images, sigma, generator):
    return torch.normal(
        images, as_column(torch.as_tensor(sigma)).expand_as(images), generator=generator
    )


def reseeded(images, sigma, generator):
    return plain_noise(images, sigma, torch.Generator().manual_seed(0))


def uniform(images, sigma, generator):
    return images + as_column(sigma) * 12**0.5 * (
        torch.rand(images.shape, generator=generator) - 0.5
    )


def skewed(shape, generator):
    """평균 0, 분산 1이지만 한쪽으로 치우친 난수."""
    return ((torch.rand(shape, generator=generator) < 0.2).float() - 0.2) / 0.4


def one_noise_for(*shape):
    def answer(images, sigma, generator):
        size = [1 if index in shape else n for index, n in enumerate(images.shape)]
        return images + as_column(sigma) * torch.randn(size, generator=generator)

    return answer


def step(
    *,
    target=lambda clean, noisy, sigma, generator: clean,
    entered=lambda clean, noisy: noisy,
    loss_of=lambda restored, wanted: squared_error_per_image(restored, wanted).mean(),
    noise=plain_noise,
    zeroed=True,
    stepped=True,
    times=1,
    report=lambda loss, later: loss.item(),
):
    def answer(model, optimizer, clean, sigma, generator):
        noisy = noise(clean, sigma, generator)
        wanted = target(clean, noisy, sigma, generator)
        for _ in range(times):
            loss = loss_of(model(entered(clean, noisy)), wanted)
            if zeroed:
                optimizer.zero_grad()
            loss.backward()
            if stepped:
                optimizer.step()
        with torch.no_grad():
            later = loss_of(model(noisy), wanted)
        return report(loss, later)

    return answer


def zeroed_at_the_end(model, optimizer, clean, sigma, generator):
    noisy = clean + sigma * torch.randn(clean.shape, generator=generator)
    loss = (model(noisy) - clean).square().sum() / len(clean)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss


def mean_psnr(restored, clean):
    return float(psnr(restored, clean, data_range=2).mean())


def choice(
    *,
    noise=plain_noise,
    judge=mean_psnr,
    report=mean_psnr,
    pick=max,
    choose_on=lambda validation, test: validation,
    report_on=lambda validation, test: test,
):
    def answer(methods, validation, test, sigma, generator):
        clean = {"validation": validation, "test": test}
        noisy = {name: noise(images, sigma, generator) for name, images in clean.items()}
        first, last = choose_on("validation", "test"), report_on("validation", "test")
        scores = {name: judge(m(noisy[first]), clean[first]) for name, m in methods.items()}
        shown = {name: report(m(noisy[last]), clean[last]) for name, m in methods.items()}
        best = pick(scores, key=scores.get)
        return best, shown[best]

    return answer


def chosen_only(methods, validation, test, sigma, generator):
    noisy = validation + sigma * torch.randn(validation.shape, generator=generator)
    best, highest = "", -math.inf
    for name, method in methods.items():
        value = sum(
            mean_psnr(method(y), x) * len(x)
            for y, x in zip(noisy.split(5), validation.split(5), strict=True)
        )
        if value > highest:
            best, highest = name, value
    noisy_test = test + sigma * torch.randn(test.shape, generator=generator)
    return [best, torch.tensor(mean_psnr(methods[best](noisy_test), test))]


def new_noise_for_each(methods, validation, test, sigma, generator):
    scores = {
        name: mean_psnr(method(plain_noise(validation, sigma, generator)), validation)
        for name, method in methods.items()
    }
    best = max(scores, key=scores.get)
    return best, mean_psnr(methods[best](plain_noise(test, sigma, generator)), test)


def new_test_noise_for_each(methods, validation, test, sigma, generator):
    noisy = plain_noise(validation, sigma, generator)
    scores = {name: mean_psnr(m(noisy), validation) for name, m in methods.items()}
    shown = {
        name: mean_psnr(m(plain_noise(test, sigma, generator)), test) for name, m in methods.items()
    }
    best = max(scores, key=scores.get)
    return best, shown[best]


def first_method_only(methods, validation, test, sigma, generator):
    name, method = next(iter(methods.items()))
    method(plain_noise(validation, sigma, generator))
    return name, mean_psnr(method(plain_noise(test, sigma, generator)), test)


def chosen_on_the_test_set(methods, validation, test, sigma, generator):
    noisy = plain_noise(validation, sigma, generator)
    for method in methods.values():
        method(noisy)
    shown = plain_noise(test, sigma, generator)
    scores = {name: mean_psnr(m(shown), test) for name, m in methods.items()}
    return max(scores.items(), key=lambda item: item[1])


def reported_on(method_input, clean_set):
    """시험 세트를 보여 주고도 다른 값을 적는 답. 두 함수는 (검증, 시험)에서 하나를 고릅니다."""

    def answer(methods, validation, test, sigma, generator):
        noisy = plain_noise(validation, sigma, generator)
        scores = {name: mean_psnr(m(noisy), validation) for name, m in methods.items()}
        best = max(scores, key=scores.get)
        methods[best](plain_noise(test, sigma, generator))
        return best, mean_psnr(
            methods[best](method_input(noisy, test)), clean_set(validation, test)
        )

    return answer


ORDER = ("잡음", "흐림", "네모")  # PSNR이 많이 오르는 것부터

RIGHT = {
    "add_noise": [plain_noise, noise_by_normal, lambda i, s, g: plain_noise(i, s, g).numpy()],
    "untaught_repairs": [(("잡음", "네모", "흐림"), ORDER), (ORDER[::-1], list(ORDER))],
    "denoising_step": [
        step(),
        step(loss_of=lambda r, x: F.mse_loss(r, x, reduction="sum") / len(x)),
        step(report=lambda loss, later: loss),
        zeroed_at_the_end,
    ],
    "fair_choice": [choice(), chosen_only],
}

WRONG = {
    "add_noise": [
        (lambda i, s, g: i + as_column(s) * skewed(i.shape, g), "sigma=0.3인데"),
        (
            lambda i, s, g: (
                i
                + as_column(s)
                * torch.randn(4, *i[0].shape, generator=g)[: len(i) // 2].tile(2, 1, 1, 1)
            ),
            "되풀이해 썼습니다",
        ),
        (lambda i, s, g: i + as_column(s) * torch.randn(i.shape), "받은 generator를 넘깁니다"),
        (reseeded, "씨앗을 다시 정하지 말고"),
        (lambda i, s, g: plain_noise(i, torch.as_tensor(s).mean(), g), "sigma[i]"),
        (uniform, "정규분포의 난수가 아닙니다"),
        (lambda i, s, g: plain_noise(i, s, g)[0], "모양 (4, 3, 16, 16)"),
        (lambda i, s, g: i * float("nan"), "NaN"),
    ],
    "untaught_repairs": [
        ((ORDER, ORDER[::-1]), "거꾸로 늘어놓습니다"),
        ((ORDER, ("네모", "잡음", "흐림")), "재는 셀을 다시 봅니다"),
        ((ORDER, ("잡음", "흐림")), "네모, 잡음, 흐림의 차례를"),
        (ORDER, "짝을 기대했는데 tuple"),
    ],
    "denoising_step": [
        (step(noise=lambda x, s, g: plain_noise(x, s, g).clamp(max=1)), "자르지 않습니다"),
        (step(noise=lambda x, s, g: plain_noise(x, s, g).clamp(-1.05, 1.05)), "자르지 않습니다"),
        (step(noise=uniform), "정규분포에서 값마다"),
        (step(noise=one_noise_for(0)), "정규분포에서 값마다"),
        (step(noise=one_noise_for(1)), "정규분포에서 값마다"),
        (step(noise=lambda x, s, g: plain_noise(x, 1.12 * s, g)), "표준편차는"),
        (step(target=lambda clean, noisy, *_: noisy), "잡음까지 되살리도록"),
        (step(entered=lambda clean, noisy: clean), "입력에 잡음이 없습니다"),
        (step(zeroed=False), "기울기가 쌓였습니다"),
        (step(stepped=False), "매개변수가 그대로"),
        (step(loss_of=lambda r, x: F.mse_loss(r, x)), "값마다 평균"),
        (step(loss_of=lambda r, x: (r - x).square().sum()), "묶음까지 더했습니다"),
        (step(loss_of=lambda r, x: -squared_error_per_image(r, x).mean()), "커지는 쪽으로"),
        (step(loss_of=lambda r, x: 3 * squared_error_per_image(r, x).mean()), "방향만 비슷"),
        (step(loss_of=lambda r, x: (r - x).abs().sum() / len(x)), "방향만 비슷"),
        (step(times=2), "몇 번 갱신했는지"),
        (step(noise=lambda x, s, g: plain_noise(x, s**2, g)), "입력에 든 잡음의 표준편차는"),
        (step(noise=lambda x, s, g: x + s * torch.randn(x.shape)), "받은 generator를 넘깁니다"),
        (step(noise=reseeded), "씨앗을 다시 정하지 말고"),
        (step(report=lambda loss, later: later), "갱신한 뒤의 손실"),
        (step(report=lambda loss, later: loss.item() / 3072), "그대로 돌려줍니다"),
        (step(report=lambda loss, later: [1, 2]), "수 하나를 기대"),
        (step(entered=lambda clean, noisy: noisy[:3]), "오류가 났습니다"),
        (lambda model, clean: 1.0, "오류가 났습니다"),
        (2.0, "함수를 기대"),
        (step(noise=lambda x, s, g: plain_noise(x, s, g).clamp(-1, 1)), "자르지 않습니다"),
        (
            step(
                target=lambda clean, noisy, sigma, generator: plain_noise(clean, sigma, generator)
            ),
            "깨끗한 이미지와 견주었는지",
        ),
        (step(noise=lambda x, s, g: x.add_(s * torch.randn(x.shape, generator=g))), "그 자리에서"),
        (lambda *inputs: 1.0, "모델을 부르지 않았"),
    ],
    "fair_choice": [
        (choice(noise=lambda x, s, g: plain_noise(x, s, g).clamp(max=1)), "자르지 않습니다"),
        (choice(noise=uniform), "정규분포에서 값마다"),
        (choice(noise=one_noise_for(0)), "정규분포에서 값마다"),
        (choice(noise=reseeded), "씨앗을 다시 정하지 말고"),
        (new_noise_for_each, "방법마다 다른 잡음이 든 검증"),
        (new_test_noise_for_each, "방법마다 다른 잡음이 든 시험"),
        (choice(choose_on=lambda validation, test: test), "검증 이미지 전체를 받지 못"),
        (choice(pick=min), "PSNR은 클수록"),
        (choice(report_on=lambda validation, test: validation), "시험 이미지 전체를 받지 못"),
        (choice(report=lambda r, x: float(psnr(r, x, data_range=2).mean()) - 6.0206), "폭은 2"),
        (choice(report=lambda r, x: 20.0), "시험 세트 평균 PSNR은"),
        (choice(noise=lambda x, s, g: x.clone()), "검증 이미지에 잡음이 없습니다"),
        (choice(noise=lambda x, s, g: plain_noise(x, s**0.5, g)), "표준편차는"),
        (choice(noise=lambda x, s, g: x + s * torch.randn(x.shape)), "받은 generator를 넘깁니다"),
        (first_method_only, "1가지만 검증 이미지"),
        (lambda *inputs: choice()(*inputs)[0], "짝을 기대"),
        (lambda *inputs: choice()(*inputs)[::-1], "methods의 이름"),
        (lambda *inputs: ("흐리게", choice()(*inputs)[1]), "검증 세트에서 가장 좋은 방법은"),
        (lambda methods, validation: ("그대로", 1.0), "오류가 났습니다"),
        (("그대로", 20.0), "함수를 기대"),
        (choice(noise=lambda x, s, g: plain_noise(x, s, g).clamp(-1, 1)), "자르지 않습니다"),
        (
            choice(report=lambda r, x: float(10 * torch.log10(4 / mse(r, x).mean()))),
            "이미지마다 구한 PSNR을 평균",
        ),
        (
            choice(noise=lambda x, s, g: x.add_(s * torch.randn(x.shape, generator=g))),
            "그 자리에서",
        ),
        (
            reported_on(lambda noisy, test: noisy, lambda validation, test: validation),
            "검증 세트의 값입니다",
        ),
        (
            reported_on(lambda noisy, test: test, lambda validation, test: test),
            "시험 이미지에 잡음이 없습니다",
        ),
        (chosen_on_the_test_set, "시험 세트에서 가장 좋은 방법을 골랐습니다"),
    ],
}
