"""공개 함수마다의 성질: 어떤 입력을 받고, 무엇과 견주고, 어떤 망가진 입력을 받아들이는지."""

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity
from torch import Tensor

from aelab import checks, generation, lab, metrics, muon, ood, plotting, projector, training
from aelab.data import ImageSet, to_float, to_uint8
from aelab.exercises import answers
from aelab.models import Autoencoder
from aelab.processes import Processes
from aelab.retrieval import LatentIndex, embed
from tests.properties import FLOATS, LAYOUTS, images, table, values

ONLY_FLOAT32 = (torch.float32,)
NOT_FINITE = {"nan", "infinity", "negative infinity"}
KEEPING_VALUES = tuple(name for name in LAYOUTS if name != "expanded")
NUMBERS = {"list", "array", "integers", "booleans"}  # 텐서가 아닌 수도 받는 인자


@dataclass(frozen=True)
class Case:
    """공개 함수 하나의 시험 방법.

    속성
        name: "모듈.함수".
        inputs: 옳은 입력. 텐서 말고 다른 인자도 함께 뽑습니다.
        call: 입력으로 함수를 불러 견줄 수 있는 것(텐서, 수, 그 묶음)을 돌려줍니다.
        reference: 같은 입력에서 다른 방법으로 구한 결과.
        dtypes: 받는 실수형.
        accepts: 오류가 아니라 결과를 내는 망가진 입력, 인자마다.
        shares: 결과가 입력과 메모리를 나누어 쓰기로 되어 있는지.
        tolerance: 견줄 때의 상대 오차. 없으면 자료형의 반올림만큼입니다.
        examples: 성질마다 만들어 볼 입력의 수.
        by_image: 결과의 첫 축이 이미지이고, 이미지마다 따로 셈하는지.
        layouts: 시험할 배치. 모든 행이 같아지면 옳은 입력이 아닌 것은 "expanded"를 뺍니다.
        closed: 망가진 입력을 물리치기로 되어 있는지. 안쪽에서 쓰는 함수는 부르는 쪽이 살핍니다.
    """

    name: str
    inputs: st.SearchStrategy[dict]
    call: Callable[..., object]
    reference: Callable[..., object] | None = None
    dtypes: tuple[torch.dtype, ...] = FLOATS
    accepts: dict[str, set[str]] | None = None
    shares: bool = False
    tolerance: float | None = None
    examples: int = 20
    by_image: bool = False
    layouts: tuple[str, ...] = tuple(LAYOUTS)
    closed: bool = True


def dice() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def wide(tensor: Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


# metrics


@st.composite
def pairs(draw, low: float = -1.0, high: float = 1.0, side: int | None = None) -> dict:
    original = draw(images(low, high, side=side))
    restored = draw(values(*original.shape, low=low, high=high))
    if draw(st.booleans()):
        restored = original + (restored - original) * 0.01
    return {"restored": restored, "original": original}


def slow_psnr(restored: Tensor, original: Tensor) -> np.ndarray:
    errors = np.square(wide(restored) - wide(original)).mean((1, 2, 3))
    return np.array([10 * math.log10(4 / error) if error else math.inf for error in errors])


def slow_ssim(restored: Tensor, original: Tensor) -> np.ndarray:
    options = {"channel_axis": 0, "data_range": 1, "gaussian_weights": True, "sigma": 1.5}
    pairs = zip(wide(restored), wide(original), strict=True)
    return np.array(
        [structural_similarity(a, b, use_sample_covariance=False, **options) for a, b in pairs]
    )


# NaN은 결과에 남고, 값이 없는 meta에서는 모양만 셈합니다. 두 인자의 장치는 같아야 합니다.
LOSS_ACCEPTS = {name: NOT_FINITE | {"far"} for name in ("restored", "original")}

METRICS = [
    Case(
        "metrics.squared_error_per_image",
        pairs(),
        metrics.squared_error_per_image,
        lambda restored, original: np.square(wide(restored) - wide(original)).sum((1, 2, 3)),
        accepts=LOSS_ACCEPTS,
        by_image=True,
    ),
    Case(
        "metrics.mse",
        pairs(),
        metrics.mse,
        lambda restored, original: np.square(wide(restored) - wide(original)).mean((1, 2, 3)),
        accepts=LOSS_ACCEPTS,
        by_image=True,
    ),
    Case(
        "metrics.psnr",
        pairs(),
        partial(metrics.psnr, data_range=2),
        slow_psnr,
        accepts={"restored": {"far"}},  # 재구성은 범위를 벗어날 수 있습니다.
        by_image=True,
    ),
    Case(
        "metrics.ssim",
        pairs(0, 1, side=12),
        partial(metrics.ssim, data_range=1),
        slow_ssim,
        tolerance=1e-3,
        by_image=True,
    ),
]

# models, training

MODEL = Autoencoder(3, base_channel_size=2, generator=dice()).eval()
LEARNING = Autoencoder(3, base_channel_size=2, generator=dice()).train()
IMAGES = images(side=32).map(lambda batch: {"images": batch})
CODES = table((1, 4), (3, 3)).map(lambda codes: {"codes": codes})


MODELS = [
    Case("models.Encoder.forward", IMAGES, MODEL.encoder, dtypes=ONLY_FLOAT32, by_image=True),
    Case(
        "models.Encoder.forward",
        IMAGES,
        LEARNING.encoder,
        dtypes=ONLY_FLOAT32,
        accepts={"images": NOT_FINITE | {"far"}},  # 학습 중에는 값을 보지 않습니다.
        examples=8,
    ),
    Case(
        "models.Decoder.forward",
        CODES,
        MODEL.decoder,
        dtypes=ONLY_FLOAT32,
        accepts={"codes": {"far"}},
    ),
    Case(
        "models.Decoder.forward",
        CODES,
        LEARNING.decoder,
        dtypes=ONLY_FLOAT32,
        accepts={"codes": NOT_FINITE | {"far"}},
        examples=8,
    ),
    Case("models.Autoencoder.forward", IMAGES, MODEL, dtypes=ONLY_FLOAT32, by_image=True),
]

# data


@st.composite
def stored_sets(draw) -> dict:
    count = draw(st.integers(1, 5))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    return {
        "images": torch.randint(256, (count, 3, 32, 32), generator=generator, dtype=torch.uint8),
        "labels": torch.randint(3, (count,), generator=generator),
    }


@st.composite
def indexed_sets(draw) -> dict:
    drawn = draw(stored_sets())
    count = len(drawn["images"])
    # 모음만큼 길어야 참거짓으로 바꾼 것도 색인이 됩니다.
    rows = draw(st.lists(st.integers(-count, count - 1), min_size=count, max_size=count))
    return {**drawn, "index": torch.tensor(rows)}


def image_set(images: Tensor, labels: Tensor, factors: Tensor | None = None) -> ImageSet:
    return ImageSet(images, labels, ("가", "나", "다"), "모음", factors and {"hue": factors})


def parts(images: ImageSet) -> list[object]:
    return [images.images, images.labels, dict(images.factors or {})]


def of_set(method: str, *arguments: object) -> Callable[..., object]:
    """이미지 모음의 메서드를 부르는 함수."""

    def call(images: Tensor, labels: Tensor, **index: Tensor) -> object:
        result = getattr(image_set(images, labels), method)(*arguments, **index)
        return parts(result) if isinstance(result, ImageSet) else list(result)

    return call


def picked(images: Tensor, labels: Tensor, index: Tensor) -> list[np.ndarray]:
    return [images.numpy()[index.numpy()], labels.numpy()[index.numpy()]]


INDEX_ACCEPTS = {"index": {"list", "array", "integers", "booleans", "empty"}}

DATA = [
    Case(
        "data.imageset.to_float",
        stored_sets().map(lambda drawn: {"stored": drawn["images"]}),
        to_float,
        lambda stored: stored.numpy() / 127.5 - 1,
        accepts={
            "stored": {"scalar", "one axis fewer", "one axis more", "empty", "hollow", "meta"}
        },
    ),
    Case(
        "data.imageset.to_uint8",
        images().map(lambda batch: {"images": batch}),
        to_uint8,
        lambda images: np.rint((images.detach().float().numpy() + 1) * np.float32(127.5)),
        accepts={"images": {"scalar", "one axis fewer", "one axis more", "empty", "hollow"}},
    ),
    Case(
        "data.imageset.ImageSet.__init__",
        stored_sets(),
        lambda images, labels: parts(image_set(images, labels)),
        lambda images, labels: [images, labels],
        shares=True,
    ),
    Case(
        "data.imageset.ImageSet.__getitem__",
        indexed_sets(),
        lambda images, labels, index: image_set(images, labels)[index],
        lambda images, labels, index: images.numpy()[index.numpy()] / 127.5 - 1,
        accepts={"index": INDEX_ACCEPTS["index"] | {"scalar"}},
    ),
    Case(
        "data.imageset.ImageSet.subset",
        indexed_sets(),
        of_set("subset"),
        picked,
        accepts=INDEX_ACCEPTS,
    ),
    Case(
        "data.imageset.ImageSet.to",
        stored_sets(),
        of_set("to", "cpu"),
        lambda images, labels: [images, labels],
        shares=True,
    ),
    Case(
        "data.imageset.ImageSet.batches",
        stored_sets(),
        of_set("batches", 2),
    ),
]

# ood

COLORS = values(2, 3).map(lambda colors: colors.clamp(-1, 1))


def slow_blur(images: Tensor) -> np.ndarray:
    blurred = [
        gaussian_filter(plane, 1.3, mode="nearest", radius=math.ceil(4 * 1.3))
        for plane in wide(images).reshape(-1, *images.shape[2:])
    ]
    return np.reshape(blurred, images.shape)


def slow_shift(images: Tensor) -> np.ndarray:
    padded = np.pad(wide(images), ((0, 0), (0, 0), (1, 0), (0, 2)), mode="edge")
    return padded[:, :, :-1, 2:]


def slow_auroc(in_scores: Tensor, out_scores: Tensor) -> float:
    outside, inside = wide(out_scores)[:, None], wide(in_scores)
    return float(((outside > inside) + (outside == inside) / 2).mean())


OOD = [
    Case(
        "ood.constant",
        COLORS.map(lambda colors: {"colors": colors}),
        ood.constant,
        lambda colors: np.tile(wide(colors)[:, :, None, None], (1, 1, 32, 32)),
        accepts={"colors": NUMBERS | {"one axis fewer"}},
    ),
    Case(
        "ood.single_channel",
        values(3).map(lambda levels: {"levels": levels}),
        partial(ood.single_channel, 1),
        lambda levels: np.stack(
            [np.full((3, 32, 32), [[[-1]], [[v]], [[-1]]]) for v in wide(levels)]
        ),
        accepts={"levels": NUMBERS | {"scalar"}},
    ),
    Case(
        "ood.checkerboard",
        st.fixed_dictionaries({"first": COLORS, "second": COLORS}),
        partial(ood.checkerboard, 5),
        accepts={name: NUMBERS | {"one axis fewer"} for name in ("first", "second")},
        examples=10,
    ),
    Case(
        "ood.stripes",
        st.fixed_dictionaries({"first": COLORS, "second": COLORS}),
        partial(ood.stripes, 7.5, angle=30),
        accepts={name: NUMBERS | {"one axis fewer"} for name in ("first", "second")},
        examples=10,
    ),
    Case(
        "ood.color_ramp",
        values(3).map(lambda rest: {"rest": rest}),
        ood.color_ramp,
        accepts={"rest": NUMBERS | {"scalar"}},
        examples=10,
    ),
    Case(
        "ood.blurred",
        images().map(lambda batch: {"images": batch}),
        partial(ood.blurred, sigma=1.3),
        slow_blur,
        by_image=True,
    ),
    Case(
        "ood.shifted",
        images(side=5).map(lambda batch: {"images": batch}),
        partial(ood.shifted, down=1, right=-2),
        slow_shift,
        by_image=True,
    ),
    Case(
        "ood.reconstruction_score",
        IMAGES,
        partial(ood.reconstruction_score, MODEL, batch_size=2),
        lambda images: np.square(wide(MODEL(images)) - wide(images)).sum((1, 2, 3)),
        dtypes=ONLY_FLOAT32,
        examples=10,
        by_image=True,
    ),
    Case(
        "ood.auroc",
        st.fixed_dictionaries({"in_scores": values(4), "out_scores": values(3)}),
        ood.auroc,
        slow_auroc,
        accepts={name: {"far"} for name in ("in_scores", "out_scores")},
    ),
]

# generation


@st.composite
def ends(draw) -> dict:
    """방향이 정반대가 아닌 두 벡터."""
    size = draw(st.integers(1, 6))
    start = draw(values(size, low=0.1, high=2.0))
    end = draw(values(size, low=0.05, high=4.0))
    scale = draw(st.sampled_from([1e-2, 1.0, 1e3]))  # float16이 담을 수 있는 만큼만
    return {"start": start * scale, "end": end * scale}


def slow_slerp(start: Tensor, end: Tensor) -> np.ndarray:
    a, b = wide(start), wide(end)
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    a, b = a / lengths[0], b / lengths[1]
    angle = 2 * math.atan2(np.linalg.norm(a - b), np.linalg.norm(a + b))
    points = []
    for t in np.linspace(0, 1, 4):
        weights = (1 - t, t) if angle < 1e-6 else np.sin([(1 - t) * angle, t * angle])
        mixed = weights[0] * a + weights[1] * b
        length = (1 - t) * lengths[0] + t * lengths[1]
        points.append(length * mixed / np.linalg.norm(mixed))
    return np.stack(points)


SAMPLES = table((3, 8), (1, 4)).map(lambda codes: {"codes": codes})
MANY_SAMPLES = table((8, 12), (2, 2)).map(lambda codes: {"codes": codes})


@st.composite
def moments(draw) -> dict:
    root = draw(table((4, 4), (5, 5)))
    return {"mean": root[:, 0].clone(), "covariance": root @ root.T}


def sampled(distribution) -> Tensor:
    return distribution.sample(3, generator=dice())


def mixture_of(weights: Tensor, mean: Tensor) -> generation.LatentMixture:
    parts = [generation.LatentGaussian(mean * sign, torch.eye(2)) for sign in (1, -1)]
    return generation.LatentMixture(weights, tuple(parts))


GAUSSIANS = st.fixed_dictionaries({"mean": values(2, low=-3, high=3), "factor": values(2, 2)})
MIXTURES = st.fixed_dictionaries(
    {"weights": st.sampled_from([0.0, 0.3, 1.0]).map(lambda p: torch.tensor([p, 1 - p]))}
)

GENERATION = [
    Case(
        "generation.interpolate_linear",
        ends(),
        partial(generation.interpolate_linear, steps=4),
        lambda start, end: wide(start) + np.linspace(0, 1, 4)[:, None] * (wide(end) - wide(start)),
        accepts={name: {"far"} for name in ("start", "end")},
    ),
    Case(
        "generation.interpolate_spherical",
        ends(),
        partial(generation.interpolate_spherical, steps=4),
        slow_slerp,
        accepts={name: {"far"} for name in ("start", "end")},
        tolerance=2e-2,  # 거의 같은 두 방향에서는 선분으로 바꿉니다.
    ),
    Case(
        "generation.LatentGaussian.fit",
        SAMPLES,
        lambda codes: (
            (fitted := generation.LatentGaussian.fit(codes)).mean,
            fitted.factor @ fitted.factor.T,
        ),
        lambda codes: (wide(codes).mean(0), np.atleast_2d(np.cov(wide(codes).T))),
        accepts={"codes": {"far"}},
        tolerance=1e-4,
    ),
    Case(
        "generation.LatentGaussian.from_moments",
        moments(),
        lambda mean, covariance: (
            (made := generation.LatentGaussian.from_moments(mean, covariance)).mean,
            made.factor @ made.factor.T,
        ),
        lambda mean, covariance: (mean, covariance),
        accepts={"mean": {"far"}},
        tolerance=2e-2,  # bfloat16으로 반올림한 공분산의 고윳값은 음수일 수 있습니다.
        layouts=KEEPING_VALUES,
    ),
    Case(
        "generation.LatentGaussian.__init__",
        GAUSSIANS,
        lambda mean, factor: generation.LatentGaussian(mean, factor),
        lambda mean, factor: (mean, factor),
        accepts={name: {"far"} for name in ("mean", "factor")},
        shares=True,
    ),
    Case(
        "generation.LatentGaussian.sample",
        GAUSSIANS,
        lambda mean, factor: sampled(generation.LatentGaussian(mean, factor)),
        lambda mean, factor: (
            wide(mean) + wide(torch.randn(3, 2, generator=dice())) @ wide(factor).T
        ),
        accepts={name: {"far"} for name in ("mean", "factor")},
    ),
    Case(
        "generation.LatentMixture.fit",
        MANY_SAMPLES,
        lambda codes: (
            (fitted := generation.LatentMixture.fit(codes, 1, seed=0)).weights,
            fitted.components[0].mean,
        ),
        lambda codes: (np.ones(1), wide(codes).mean(0)),
        accepts={"codes": {"far"}},
        tolerance=1e-4,
        examples=5,
    ),
    Case(
        "generation.LatentMixture.__init__",
        MIXTURES,
        lambda weights: mixture_of(weights, torch.ones(2)).weights,
        lambda weights: weights,
        shares=True,
        layouts=KEEPING_VALUES,
    ),
    Case(
        "generation.LatentMixture.sample",
        MIXTURES,
        lambda weights: sampled(mixture_of(weights, torch.ones(2))),
        layouts=KEEPING_VALUES,
    ),
]

# retrieval

QUERIES = torch.randn(3, 4, generator=dice())
CORPUS = torch.randn(40, 4, generator=dice()) + 1


def slow_search(codes: Tensor, queries: Tensor) -> tuple[np.ndarray, np.ndarray]:
    distances = np.linalg.norm(wide(queries)[:, None] - wide(codes), axis=2)
    order = np.argsort(distances, axis=1, kind="stable")[:, :2]
    return np.take_along_axis(distances, order, 1), order


RETRIEVAL = [
    Case(
        "retrieval.embed",
        stored_sets(),
        lambda images, labels: embed(MODEL, image_set(images, labels), batch_size=2),
        lambda images, labels: MODEL.encoder(to_float(images)),
        examples=8,
    ),
    Case(
        "retrieval.LatentIndex.__init__",
        table((2, 30), (4, 4)).map(lambda codes: {"codes": codes}),
        lambda codes: LatentIndex(codes).search(QUERIES, 2),
        lambda codes: slow_search(codes, QUERIES),
        accepts={"codes": {"far"}},
    ),
    Case(
        "retrieval.LatentIndex.search",
        table((1, 4), (4, 4)).map(lambda codes: {"query_codes": codes}),
        lambda query_codes: LatentIndex(CORPUS).search(query_codes, 2),
        lambda query_codes: slow_search(CORPUS, query_codes),
        accepts={"query_codes": {"far"}},
    ),
]

# projector


def principal_variances(codes: Tensor) -> np.ndarray:
    return np.linalg.eigvalsh(np.cov(wide(codes).T))[::-1][:2].copy()


def written(codes: Tensor, images: Tensor) -> list[Tensor]:
    """프로젝터가 읽을 파일의 내용."""
    with tempfile.TemporaryDirectory() as folder:
        log = projector.write(Path(folder) / "log", codes, {"번호": range(3)}, images)
        vectors = next(log.rglob("tensors.tsv")).read_text(encoding="utf-8")
        picture = plt.imread(next(log.rglob("sprite.png")))
    numbers = [[float(value) for value in row.split("\t")] for row in vectors.splitlines()]
    return [torch.tensor(numbers, dtype=codes.dtype), torch.tensor(picture)]


PROJECTOR = [
    Case(
        "projector.flatten",
        table((4, 9), (2, 6)).map(lambda codes: {"codes": codes}),
        partial(projector.flatten, method="pca"),
        layouts=KEEPING_VALUES,
        accepts={"codes": {"far"}},
    ),
    Case(
        "projector.flatten",
        table((4, 6), (3, 3)).map(lambda codes: {"codes": codes}),
        partial(projector.flatten, method="tsne"),
        layouts=KEEPING_VALUES,
        accepts={"codes": {"far"}},
        examples=1,
    ),
    Case(
        "projector.write",
        st.fixed_dictionaries({"codes": values(3, 4), "images": values(3, 3, 8, 8)}),
        written,
        accepts={"codes": {"far"}},
        examples=4,
    ),
]

# plotting


def pixels(figure) -> list[np.ndarray]:
    """그림에 든 이미지와 점의 자리."""
    found = [np.asarray(image.get_array()) for axis in figure.axes for image in axis.images]
    for axis in figure.axes:
        found += [np.asarray(group.get_offsets()) for group in axis.collections]
    plt.close(figure)
    return [array.astype(np.float64) for array in found]


def stored(images: Tensor) -> list[np.ndarray]:
    return [np.rint((image + 1) * 127.5).transpose(1, 2, 0) for image in wide(images)]


PLOTTING = [
    Case(
        "plotting.image_rows",
        values(2, 3, 4, 5).map(lambda batch: {"images": batch}),
        lambda images: pixels(plotting.image_rows({"가": images})),
        tolerance=1e-2,
        examples=3,
    ),
    Case(
        "plotting.image_grid",
        values(2, 3, 4, 5).map(lambda batch: {"images": batch}),
        lambda images: pixels(plotting.image_grid(images)),
        tolerance=1e-2,
        examples=3,
    ),
    Case(
        "plotting.feature_maps",
        values(2, 4, 5, low=-9, high=9).map(lambda maps: {"maps": maps}),
        lambda maps: pixels(plotting.feature_maps(maps)),
        lambda maps: [wide(one) for one in maps],
        accepts={"maps": {"far"}},
        examples=3,
    ),
    Case(
        "plotting.thumbnail_map",
        st.fixed_dictionaries({"points": values(3, 2), "images": values(3, 3, 4, 4)}),
        lambda points, images: pixels(plotting.thumbnail_map(points, images, ["가"] * 3)),
        lambda points, images: [wide(points)],
        accepts={"points": {"far"}},
        examples=3,
    ),
]

# training

TRAINING = [
    Case(
        "training.evaluate",
        stored_sets(),
        lambda images, labels: training.evaluate(MODEL, image_set(images, labels), batch_size=2),
        lambda images, labels: float(
            ood.reconstruction_score(MODEL, to_float(images)).double().mean()
        ),
        examples=8,
    ),
]

# muon, 그리고 책의 다른 부분이 안쪽에서 쓰는 함수


def one_step(weight: Tensor, gradient: Tensor) -> Tensor:
    parameter = torch.nn.Parameter(weight.detach().clone())
    parameter.grad = gradient.detach().to(parameter.dtype)
    muon.Muon([parameter], lr=0.1).step()
    return parameter.detach()


MATRICES = table((1, 6), (1, 6)).map(lambda matrix: {"matrix": matrix})

INSIDE = [
    Case("muon.orthogonalize", MATRICES, muon.orthogonalize, tolerance=5e-2, closed=False),
    Case(
        "muon.Muon.__init__",
        table((3, 3), (4, 4)).map(lambda weight: {"weight": weight, "gradient": weight.flip(0)}),
        one_step,
        tolerance=5e-2,
        closed=False,
    ),
    Case(
        "muon.Muon.step",
        values(4, 3, 3, 3).map(lambda weight: {"weight": weight, "gradient": weight.flip(1)}),
        one_step,
        tolerance=5e-2,
        closed=False,
    ),
    Case(
        "processes.Processes.sum",
        values(3).map(lambda value: {"value": value}),
        Processes.current().sum,
        lambda value: value,
        shares=True,
        closed=False,
    ),
    Case(
        "lab.image_bytes",
        stored_sets().map(lambda drawn: {"stored": drawn["images"]}),
        lambda stored: np.frombuffer(lab.image_bytes(stored), np.uint8),
        closed=False,
    ),
    Case(
        "lab.half_bytes",
        values(3, 4).map(lambda value: {"value": value}),
        lambda value: np.frombuffer(lab.half_bytes(value.detach()), np.uint8),
        lambda value: (
            np.frombuffer(value.half().numpy().tobytes(), np.uint8).reshape(-1, 2).T.ravel()
        ),
        dtypes=ONLY_FLOAT32,
        closed=False,
    ),
    Case(
        "lab.principal_directions",
        table((12, 12), (9, 9)).map(lambda codes: {"codes": codes}),
        lambda codes: lab.principal_directions(codes)[:2],
        lambda codes: (
            wide(codes).mean(0),
            np.sqrt(np.linalg.eigvalsh(np.cov(wide(codes).T)))[::-1][:8].copy(),
        ),
        tolerance=1e-3,
        dtypes=ONLY_FLOAT32,
        closed=False,
    ),
    Case(
        "checks.check_float_tensor",
        values(3).map(lambda numbers: {"values": numbers}),
        lambda values: checks.check_float_tensor(values, "values"),
        accepts={
            "values": NOT_FINITE | {"far", "meta", "scalar", "one axis more", "empty"},
        },
    ),
    Case(
        "checks.differentiable",
        values(3).map(lambda numbers: {"values": numbers}),
        checks.differentiable,
        lambda values: values,
        shares=True,
        closed=False,
    ),
    Case(
        "checks.check_image_batch",
        images().map(lambda batch: {"images": batch}),
        lambda images: checks.check_image_batch(images),
        accepts={"images": NOT_FINITE | {"far", "meta"}},
    ),
    Case(
        "checks.check_finite",
        values(3).map(lambda numbers: {"values": numbers}),
        lambda values: checks.check_finite(values, "values"),
        closed=False,
    ),
    Case(
        "checks.all_finite",
        st.tuples(values(3), st.sampled_from([0.5, math.nan, math.inf, -math.inf])).map(
            lambda drawn: {"values": torch.cat([drawn[0], torch.tensor([drawn[1]])])}
        ),
        lambda values: float(checks.all_finite(values)),
        lambda values: float(all(map(math.isfinite, values.tolist()))),
        closed=False,
    ),
    Case(
        "checks.check_range",
        images().map(lambda batch: {"images": batch}),
        lambda images: checks.check_range(images, -1, 1, "images"),
        closed=False,
    ),
    Case(
        "checks.check_codes",
        CODES,
        lambda codes: checks.check_codes(codes, 3),
        accepts={"codes": NOT_FINITE | {"far", "meta"}},
    ),
    Case(
        "exercises.answers.close",
        values(3).map(lambda value: {"value": value, "expected": value.clone()}),
        answers.close,
        lambda value, expected: float(
            all(
                abs(a - b) <= 1e-6 + 1e-4 * abs(b)
                for a, b in zip(value.tolist(), expected.tolist(), strict=True)
            )
        ),
        closed=False,
    ),
]

CASES = [
    *METRICS,
    *MODELS,
    *DATA,
    *OOD,
    *GENERATION,
    *RETRIEVAL,
    *PROJECTOR,
    *PLOTTING,
    *TRAINING,
    *INSIDE,
]
