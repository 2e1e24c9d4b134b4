"""6장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import torch

from aelab import ood
from aelab.exercises.ood import family_order


def pairs_by_loop(in_scores, out_scores):
    wins = 0.0
    for a in in_scores:
        for b in out_scores:
            wins += 1 if b > a else 0.5 if b == a else 0
    return wins / len(in_scores) / len(out_scores)


def pairs_by_sign(in_scores, out_scores):
    return ((out_scores[:, None] - in_scores).sign().mean() + 1) / 2


def more(a, b):
    return (b[:, None] > a).double()


def same(a, b):
    return (b[:, None] == a).double()


def halves(top=1.0, bottom=-1.0):
    image = torch.full((3, 32, 32), top)
    image[:, 16:] = bottom
    return image


NOISY = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def errors_of(model, images):
    return ood.reconstruction_score(model, images)


def far_in_log(model, reference, images):
    usual = errors_of(model, reference).log()
    return (errors_of(model, images).log() - usual.mean()).abs() / usual.std()


def far_in_ratio(model, reference, images):
    ratio = errors_of(model, images) / errors_of(model, reference).median()
    return torch.maximum(ratio, 1 / ratio)


def far_in_rank(model, reference, images):
    usual = errors_of(model, reference)
    return torch.stack(
        [((usual < error).double().mean() - 0.5).abs() for error in errors_of(model, images)]
    )


def error_only(model, reference, images):
    return errors_of(model, images)


def far_in_difference(model, reference, images):
    return (errors_of(model, images) - errors_of(model, reference).mean()).abs()


def own_statistics(model, reference, images):
    logs = errors_of(model, images).log()
    return (logs - logs.mean()).abs()


def without_reference(model, reference, images):
    spread = images.flatten(1).std(1)
    return (spread - 0.3).abs()


ORDER = family_order.measure()

RIGHT = {
    "family_order": [(ORDER[::-1], ORDER), (ORDER, list(ORDER))],
    "auroc": [pairs_by_loop, pairs_by_sign],
    "easy_two_colors": [
        halves(),
        halves(0.4, -0.3).double(),
        halves().transpose(1, 2),
        ood.checkerboard(16),
        halves().numpy()[None],
    ],
    "two_sided_score": [far_in_log, far_in_ratio, far_in_rank],
}

WRONG = {
    "family_order": [
        ((ORDER, ORDER[::-1]), "거꾸로"),
        ((ORDER, (*ORDER[1:], ORDER[0])), "재는 셀을 다시"),
        ((ORDER, ORDER[:4]), "차례를 기대"),
        (ORDER, "짝을 기대"),
    ],
    "auroc": [
        (lambda a, b: pairs_by_loop(b, a), "거꾸로 세었습니다"),
        (lambda a, b: more(a, b).mean(), "빠뜨렸습니다"),
        (lambda a, b: (more(a, b) + same(a, b)).mean(), "온전히 세었습니다"),
        (lambda a, b: more(b, a).mean(), "거꾸로 세었고"),
        (lambda a, b: (more(a, b) + same(a, b) / 2).sum(), "비율로 만듭니다"),
        (lambda a, b: (more(a, b) + same(a, b) / 2).sum() / len(a), "분포 안 점수의 개수로만"),
        (lambda a, b: (more(a, b) + same(a, b) / 2).sum() / len(b), "분포 밖 점수의 개수로만"),
        (lambda a, b: 100 * pairs_by_loop(a, b), "퍼센트"),
        (lambda a, b: b.mean() - a.mean() + 3, "0과 1 사이"),
        (lambda a, b: 2 * pairs_by_loop(a, b), "0과 1 사이"),
        (lambda a, b: more(a[:7], b[:7]).diagonal().mean(), "모든 쌍"),
        (lambda a, b: 0.5, "모든 쌍"),
        (lambda a, b: more(a, b), "수 하나를 기대"),
        (lambda a, b: float("nan"), "nan"),
        (lambda a, b: max(pairs_by_sign(a, b), 1 - pairs_by_sign(a, b)), "뒤집었습니다"),
    ],
    "easy_two_colors": [
        (ood.checkerboard(4)[0], "448군데"),
        (NOISY[:1].sign().expand(3, -1, -1), "기준 9보다 큽니다"),
        (ood.checkerboard(16, first=[1, -1, -1], second=[-1, -1, 1])[0], "기준 9보다 큽니다"),
        (torch.zeros(3, 32, 32), "색이 1가지"),
        (NOISY, "색이 1024가지"),
        (halves(0.2, -0.2), "거의 단색"),
        (halves(255.0, 0.0), "[0, 255]"),
        (halves(1.0, float("nan")), "[-1, 1]로 옮깁니다"),
        (halves()[0], "모양 (3, 32, 32)"),
        (ood.checkerboard(16).repeat(2, 1, 1, 1), "모양 (3, 32, 32)"),
        (halves().tolist(), "torch.Tensor를 기대"),
        (halves, "부른 결과"),
        (
            torch.where(
                torch.arange(1024).reshape(1, 32, 32) < 255,
                torch.ones(3, 1, 1),
                -torch.ones(3, 1, 1),
            ),
            "한 색이 255픽셀뿐",
        ),
    ],
    "two_sided_score": [
        (error_only, "작은 것도 보통에서 먼"),
        (lambda m, r, x: -errors_of(m, x), "잡음의 점수가"),
        (lambda m, r, x: -far_in_log(m, r, x), "부호를 봅니다"),
        (far_in_difference, "차이로 잴지 비율로"),
        (own_statistics, "함께 들어온 다른 이미지"),
        (without_reference, "AUROC가"),
        (lambda m, r, x: torch.ones(len(x)), "AUROC가 단색 0.50, 잡음 0.50"),
        (lambda m, r, x: far_in_log(m, r, x)[:, None], "모양 (40,)"),
        (lambda m, r, x: far_in_log(m, r, x).mean(), "모양 (40,)"),
        (lambda m, r, x: (errors_of(m, r).mean() - errors_of(m, x)).log(), "NaN"),
        (lambda m, r, x: far_in_log(m, r, x).tolist(), "torch.Tensor를 기대"),
        (lambda model, images: images, "오류가 났습니다"),
        (torch.zeros(3), "함수를 기대"),
    ],
}
