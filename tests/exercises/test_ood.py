import copy

import pytest
import torch

from aelab import load_pretrained, ood
from aelab.exercises.ood import EASY_ERROR
from tests.exercises.hints import grade

# checkerboard


def board_by_loop(cell):
    image = torch.empty(3, 32, 32)
    for i in range(32):
        for j in range(32):
            image[:, i, j] = 1 if (i // cell + j // cell) % 2 == 0 else -1
    return image


def board_by_products(cell):
    line = torch.tensor([1.0 if i // cell % 2 == 0 else -1.0 for i in range(32)])
    return torch.outer(line, line).expand(3, -1, -1)


def board_by_enlarging(cell):
    count = -(-32 // cell)
    small = 1.0 - 2 * ((torch.arange(count)[:, None] + torch.arange(count)) % 2)
    large = small.repeat_interleave(cell, 0).repeat_interleave(cell, 1)
    return large[:32, :32].repeat(3, 1, 1)


def board_by_slices(cell):
    image = -torch.ones(3, 32, 32, dtype=torch.float64)
    for start in range(0, 32, 2 * cell):
        for other in range(0, 32, 2 * cell):
            image[:, start : start + cell, other : other + cell] = 1
            below, beside = start + cell, other + cell
            image[:, below : below + cell, beside : beside + cell] = 1
    return image


@pytest.mark.parametrize(
    "answer",
    [
        board_by_loop,
        board_by_products,
        board_by_enlarging,
        board_by_slices,
        lambda cell: ood.checkerboard(cell)[0],
    ],
)
def test_any_right_board_passes(answer):
    assert grade("ood.checkerboard", answer) == (True, "")


def stripes_only(cell):
    line = 1.0 - 2 * (torch.arange(32) // cell % 2)
    return line.expand(3, 32, 32)


def tiled(cell):
    tile = torch.ones(2 * cell, 2 * cell)
    tile[:cell, cell:] = tile[cell:, :cell] = -1
    times = max(1, 32 // (2 * cell))
    return tile.repeat(times, times).expand(3, -1, -1)


def red_and_cyan(cell):
    image = board_by_loop(cell)
    image[1:] *= -1
    return image


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda cell: -board_by_loop(cell), "뒤바뀌었습니다"),
        (lambda cell: (board_by_loop(cell) + 1) / 2, "0은 회색"),
        (lambda cell: board_by_loop(max(1, 32 // cell)), "한 변의 픽셀 수"),
        (lambda cell: board_by_loop(16), "칸이 8픽셀일 때"),
        (lambda cell: board_by_loop(2 * cell), "칸이 16픽셀일 때를 봅니다. 줄무늬나 단색"),
        (stripes_only, "행과 열의 칸 번호"),
        (lambda cell: torch.ones(3, 32, 32), "줄무늬나 단색"),
        (red_and_cyan, "흑백이 아닙니다"),
        (tiled, "모양 (3, 32, 32)"),
        (ood.checkerboard, "(1, 3, 32, 32)"),
        (lambda cell: board_by_loop(cell)[0], "(32, 32)"),
        (lambda cell: 255 * (board_by_loop(cell) + 1) / 2, "0행 0열의 값이 255"),
        (lambda cell: board_by_loop(cell).numpy(), "torch.Tensor를 기대"),
        (lambda cell: torch.full((3, 32, 32), torch.nan), "모든 픽셀을 채웠는지"),
        (lambda: board_by_loop(16), "오류가 났습니다"),
        (board_by_loop(16), "함수를 기대"),
    ],
)
def test_wrong_board_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("ood.checkerboard", answer)
    assert solved is False
    assert hint in message


# auroc


def pairs_by_loop(in_scores, out_scores):
    wins = 0.0
    for a in in_scores:
        for b in out_scores:
            wins += 1 if b > a else 0.5 if b == a else 0
    return wins / len(in_scores) / len(out_scores)


def pairs_by_sign(in_scores, out_scores):
    return ((out_scores[:, None] - in_scores).sign().mean() + 1) / 2


def by_ranks(in_scores, out_scores):
    scores = torch.cat([in_scores, out_scores])
    _, place, counts = scores.unique(return_inverse=True, return_counts=True)
    ranks = (counts.cumsum(0) - (counts - 1) / 2)[place]
    n, m = len(in_scores), len(out_scores)
    return float((ranks[n:].sum() - m * (m + 1) / 2) / (n * m))


@pytest.mark.parametrize("answer", [pairs_by_loop, pairs_by_sign, by_ranks, ood.auroc])
def test_any_right_pair_count_passes(answer):
    assert grade("ood.auroc", answer) == (True, "")


def more(a, b):
    return (b[:, None] > a).double()


def same(a, b):
    return (b[:, None] == a).double()


def sort_in_place(a, b):
    a.copy_(a.sort().values)
    return pairs_by_loop(a, b)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
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
        (sort_in_place, "그 자리에서"),
        (lambda a: 1.0, "오류가 났습니다"),
        (0.9, "함수를 기대"),
    ],
)
def test_wrong_pair_count_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("ood.auroc", answer)
    assert solved is False
    assert hint in message


# easy_two_colors


def halves(top=1.0, bottom=-1.0):
    image = torch.full((3, 32, 32), top)
    image[:, 16:] = bottom
    return image


def framed():
    image = -torch.ones(3, 32, 32)
    image[:, 7:25, 7:25] = 1
    return image * 0.6


@pytest.mark.parametrize(
    "answer",
    [
        halves(),
        halves(0.4, -0.3).double(),
        halves().transpose(1, 2),
        ood.checkerboard(16),
        framed(),
    ],
    ids=["halves", "grey halves", "left and right", "coarse board", "square"],
)
def test_any_easy_image_of_two_colours_passes(answer):
    assert grade("ood.easy_two_colors", answer) == (True, "")


def dotted():
    image = torch.ones(3, 32, 32)
    image[:, ::8, ::8] = -1
    return image


NOISY = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (ood.checkerboard(4)[0], "448군데"),
        (NOISY[:1].sign().expand(3, -1, -1), "기준 9보다 큽니다"),
        (ood.checkerboard(16, first=[1, -1, -1], second=[-1, -1, 1])[0], "기준 9보다 큽니다"),
        (torch.zeros(3, 32, 32), "색이 1가지"),
        (NOISY, "색이 1024가지"),
        (dotted(), "16픽셀뿐"),
        (halves(0.2, -0.2), "거의 단색"),
        (halves(255.0, 0.0), "[0, 255]"),
        (halves(1.0, float("nan")), "[-1, 1]로 옮깁니다"),
        (halves()[0], "모양 (3, 32, 32)"),
        (ood.checkerboard(16).repeat(2, 1, 1, 1), "모양 (3, 32, 32)"),
        (halves().tolist(), "torch.Tensor를 기대"),
        (halves, "부른 결과"),
    ],
)
def test_wrong_image_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("ood.easy_two_colors", answer)
    assert solved is False
    assert hint in message


def test_easy_error_is_near_the_tenth_percentile_of_cifar10(cifar10_root):
    from aelab.data import cifar10

    photographs = cifar10.load("test", cifar10_root)[:2000]
    errors = ood.reconstruction_score(load_pretrained(256), photographs)
    assert 0.07 < float((errors < EASY_ERROR).double().mean()) < 0.12


# two_sided_score


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


def gradient_energy(images):
    down, right = images.diff(dim=2).square(), images.diff(dim=3).square()
    return down.flatten(1).sum(1) + right.flatten(1).sum(1)


def far_in_the_plane(model, reference, images):
    def features(some):
        with torch.no_grad():
            error = (model(some) - some).square().flatten(1).sum(1)
        return torch.stack([error, gradient_energy(some)], dim=1).add(0.01).log()

    known = features(reference)
    moved = features(images) - known.mean(0)
    return (moved @ torch.linalg.inv(torch.cov(known.T)) * moved).sum(1)


@pytest.mark.parametrize("answer", [far_in_log, far_in_ratio, far_in_rank, far_in_the_plane])
def test_any_two_sided_score_passes(answer):
    assert grade("ood.two_sided_score", answer) == (True, "")


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


def blur_the_input(model, reference, images):
    images.mul_(0.5)
    return far_in_log(model, reference, images)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (error_only, "작은 것도 보통에서 먼"),
        (lambda m, r, x: -errors_of(m, x), "잡음의 점수가"),
        (lambda m, r, x: -far_in_log(m, r, x), "부호를 봅니다"),
        (far_in_difference, "차이로 잴지 비율로"),
        (own_statistics, "함께 들어온 다른 이미지"),
        (without_reference, "AUROC가"),
        (lambda m, r, x: torch.ones(len(x)), "AUROC가 단색 0.50, 잡음 0.50"),
        (lambda m, r, x: far_in_log(m, r, x)[:, None], "모양 (60,)"),
        (lambda m, r, x: far_in_log(m, r, x).mean(), "모양 (60,)"),
        (lambda m, r, x: (errors_of(m, r).mean() - errors_of(m, x)).log(), "NaN"),
        (lambda m, r, x: far_in_log(m, r, x).tolist(), "torch.Tensor를 기대"),
        (blur_the_input, "그 자리에서"),
        (lambda model, images: images, "오류가 났습니다"),
        (torch.zeros(3), "함수를 기대"),
    ],
)
def test_wrong_score_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("ood.two_sided_score", answer)
    assert solved is False
    assert hint in message


# 풀지 않은 칸


def unfinished(*inputs): ...


@pytest.mark.parametrize(
    ("name", "stub"),
    [
        ("checkerboard", unfinished),
        ("auroc", unfinished),
        ("easy_two_colors", None),
        ("two_sided_score", unfinished),
    ],
)
def test_an_empty_answer_is_unsolved(name, stub):
    assert grade(f"ood.{name}", stub)[0] is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [("checkerboard", board_by_loop), ("auroc", pairs_by_loop), ("two_sided_score", far_in_log)],
)
def test_grading_draws_nothing_from_the_global_generator(name, answer):
    before = copy.deepcopy(torch.get_rng_state())
    grade(f"ood.{name}", answer)
    assert torch.get_rng_state().equal(before)
