"""텐서를 받는 모든 공개 함수의 성질: 텐서를 어떻게 놓든 결과가 같고, 망가진 입력은 한국어로 물리칩니다."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from aelab import lab, metrics, ood, projector, training
from aelab.data import ImageSet, to_uint8
from aelab.models import Autoencoder
from tests.properties import (
    DAMAGES,
    FLOATS,
    KINDS,
    LAYOUTS,
    Snapshot,
    assert_close,
    lay_out,
    nothing_left_behind,
    public_functions,
    refusal,
    shares_memory,
    tensors_in,
)
from tests.property_cases import CASES, Case

# 파일을 쓰거나 학습하느라 오래 걸려 아래에서 한 번씩만 부르는 것
ONCE = {"training.fit", "lab.write"}


def each_case(cases=CASES):
    count: dict[str, int] = {}
    names = []
    for case in cases:
        count[case.name] = count.get(case.name, 0) + 1
        names.append(f"{case.name}-{count[case.name]}")
    return pytest.mark.parametrize("case", cases, ids=names)


def examples(case: Case, share: int = 1):
    return settings(
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=max(1, case.examples // share),
        suppress_health_check=list(HealthCheck),
    )


def test_every_public_function_that_takes_tensors_has_its_case():
    found = set(public_functions())
    assert found - {case.name for case in CASES} - ONCE == set()
    assert {case.name for case in CASES} | ONCE <= found  # 이름이 바뀐 함수의 시험이 남지 않도록


def tensors_of(inputs: dict) -> dict[str, Tensor]:
    return {name: value for name, value in inputs.items() if isinstance(value, Tensor)}


@each_case()
def test_layout_and_history_of_the_tensors_do_not_matter(case):
    @examples(case)
    @given(data=st.data())
    def check(data):
        inputs = data.draw(case.inputs)
        laid = dict(inputs)
        for name, value in tensors_of(inputs).items():
            layout = data.draw(st.sampled_from(case.layouts), label=f"{name}의 배치")
            kind = data.draw(st.sampled_from(KINDS), label=f"{name}의 내력")
            laid[name] = lay_out(value, layout, kind)
        plain = {
            name: value.detach().clone(memory_format=torch.contiguous_format)
            if isinstance(value, Tensor)
            else value
            for name, value in laid.items()
        }
        mode = data.draw(st.sampled_from([nullcontext, torch.no_grad, torch.inference_mode]))
        snapshot = Snapshot(list(tensors_of(laid).values()))
        with nothing_left_behind(), mode():
            result = case.call(**laid)
        snapshot.check()
        assert_close(result, case.call(**plain), case.tolerance)
        if case.reference:
            assert_close(result, case.reference(**plain), case.tolerance)
        if not case.shares:
            for tensor in tensors_in(result):
                # inference_mode의 텐서는 밖에서 고치거나 미분에 쓸 수 없습니다.
                assert mode is torch.inference_mode or not tensor.is_inference()
                for name, value in tensors_of(laid).items():
                    assert not shares_memory(tensor, value), f"결과가 {name}의 메모리를 씁니다."

    check()


@each_case([case for case in CASES if case.closed])
def test_every_real_dtype_gives_the_same_values_or_is_refused(case):
    @examples(case, share=4)
    @given(data=st.data())
    def check(data):
        inputs = data.draw(case.inputs)
        reals = [name for name, value in tensors_of(inputs).items() if value.is_floating_point()]
        for dtype in FLOATS if reals else ():
            for chosen in dict.fromkeys([tuple(reals), *((name,) for name in reals)]):
                cast = {k: v.to(dtype) if k in chosen else v for k, v in inputs.items()}
                if dtype not in case.dtypes:
                    with pytest.raises((TypeError, ValueError)) as error:
                        case.call(**cast)
                    assert refusal(error.value) is None, refusal(error.value)
                    continue
                # 반올림한 값 그대로의 결과를 바랍니다.
                same = {k: v.double().float() if k in chosen else v for k, v in cast.items()}
                wanted = (case.reference or case.call)(**same)
                assert_close(case.call(**cast), wanted, case.tolerance)

    check()


@each_case([case for case in CASES if case.closed])
def test_damaged_tensors_are_refused_in_korean(case):
    @examples(case, share=10)
    @given(data=st.data())
    def check(data):
        inputs = data.draw(case.inputs)
        problems = [
            f"{name}이(가) {damage}: {problem}"
            for name, value in tensors_of(inputs).items()
            for damage in DAMAGES
            if (damaged := damaged_or_none(damage, value)) is not None
            if (problem := trouble_with(case, {**inputs, name: damaged}, name, damage))
        ]
        assert not problems, "\n".join(problems)

    check()


def damaged_or_none(damage: str, value: Tensor) -> object:
    """망가진 것. 그 텐서를 그렇게 망가뜨릴 수 없거나 그대로이면 None."""
    damaged = DAMAGES[damage](value.clone())
    kept = isinstance(damaged, Tensor) and all(
        getattr(damaged, trait) == getattr(value, trait)
        for trait in ("dtype", "device", "layout", "shape")
    )
    return None if kept and torch.equal(damaged, value) else damaged


def trouble_with(case: Case, inputs: dict, name: str, damage: str) -> str | None:
    """망가진 입력을 다루는 모습이 약속과 다르면 무엇이 다른지."""
    accepted = damage in (case.accepts or {}).get(name, ())
    whole = [
        value for value in tensors_of(inputs).values() if not (value.is_meta or value.is_sparse)
    ]
    snapshot = Snapshot(whole)
    try:
        with nothing_left_behind():
            case.call(**inputs)
    except Exception as error:
        return refusal(error) or (f"물리쳤습니다: {error}" if accepted else None)
    finally:
        snapshot.check()
    return None if accepted else "망가진 입력을 받아들였습니다."


@each_case([case for case in CASES if case.by_image])
def test_each_image_is_measured_alone(case):
    @examples(case, share=2)
    @given(data=st.data())
    def check(data):
        inputs = data.draw(case.inputs)
        together = tensors_in(case.call(**inputs))[0]
        for row in range(len(together)):
            alone = {name: value[row : row + 1] for name, value in inputs.items()}
            assert_close(together[row : row + 1], case.call(**alone), case.tolerance)

    check()


@pytest.mark.parametrize("measure", [metrics.squared_error_per_image, metrics.mse])
def test_a_broken_image_leaves_its_companions_alone(measure):
    original = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    restored = original * 0.5
    whole = measure(restored, original)
    restored[1, 0, 2, 3] = torch.nan
    assert measure(restored, original).isnan().tolist() == [False, True, False]
    assert measure(restored, original)[[0, 2]].equal(whole[[0, 2]])


def test_half_precision_does_not_overflow():
    black = torch.zeros(1, 3, 32, 32, dtype=torch.float16)
    white = torch.full_like(black, 255)
    assert metrics.squared_error_per_image(white, black).item() == 255**2 * 3072
    assert metrics.psnr(white, black, data_range=255).item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("sigma", [1e-3, 1e-20, 1e-30, 1e-200])
def test_the_smallest_blur_is_no_blur(sigma):
    images = torch.rand(2, 3, 5, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(ood.blurred(images, sigma), images)


MODEL = Autoencoder(3, 2, generator=torch.Generator().manual_seed(0)).eval()


@pytest.mark.parametrize(
    ("learn", "shape"),
    [
        (lambda images, given: metrics.mse(images, given), (2, 3, 12, 12)),
        (lambda images, given: metrics.psnr(images, given, data_range=1), (2, 3, 12, 12)),
        (lambda images, given: metrics.ssim(images, given, data_range=1), (2, 3, 12, 12)),
        (lambda images, given: MODEL(given) * images, (2, 3, 32, 32)),
        (lambda images, given: MODEL.decoder(given) * images.sum(), (2, 3)),
    ],
)
def test_tensors_made_in_inference_mode_can_stand_beside_what_is_learned(learn, shape):
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        given = torch.rand(shape, generator=generator)
    images = torch.rand(shape, generator=generator).requires_grad_()
    learn(images, given).sum().backward()
    (expected,) = torch.autograd.grad(learn(images, given.clone()).sum(), images)
    torch.testing.assert_close(images.grad, expected)


def test_models_take_what_autocast_casts():
    model = Autoencoder(3, 2, generator=torch.Generator().manual_seed(0)).eval()
    images = torch.zeros(1, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        assert model(images).dtype == torch.bfloat16
        with pytest.raises(TypeError, match="float32을.* 기대했는데 torch.float64"):
            model(images.double())
    assert model.double()(images.double()).dtype == torch.float64


def test_input_checks_do_not_break_the_compiled_graph_of_training():
    model = Autoencoder(3, 2, generator=torch.Generator().manual_seed(0)).train()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    images = torch.zeros(2, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        assert compiled(images).equal(model(images))


def stored(count: int) -> tuple[ImageSet, ImageSet]:
    """같은 모음 둘: 차례대로 놓인 것과 띄엄띄엄 놓인 것."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.randint(2, (count,), generator=generator)
    place = LAYOUTS["strided"][1]
    return (
        ImageSet(pixels, labels, ("가", "나"), "모음"),
        ImageSet(place(pixels), place(labels), ("가", "나"), "모음"),
    )


def test_training_does_not_depend_on_how_the_images_are_stored(tmp_path):
    config = training.TrainingConfig(latent_dim=2, epochs=1, batch_size=3, bf16=False)
    models = []
    for number, images in enumerate(stored(5)):
        snapshot = Snapshot([images.images, images.labels])
        # 층을 만들 때 PyTorch가 전역 생성기로 채운 값은 우리의 초기화가 덮어씁니다.
        with nothing_left_behind(but="torch의 난수"):
            models.append(training.fit(config, images, images, tmp_path / str(number)))
        snapshot.check()
    first, second = (model.state_dict() for model in models)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_data_of_the_lab_do_not_depend_on_how_the_images_are_stored(tmp_path, monkeypatch):
    smallest = {64: lab.manifest()[64]}
    monkeypatch.setattr(lab, "manifest", lambda *_: smallest)
    for number, images in enumerate(stored(lab.FIRST + 2)):
        snapshot = Snapshot([images.images, images.labels])
        with nothing_left_behind():
            assert lab.write(tmp_path / str(number), images)
        snapshot.check()
    written = [
        {path.name: path.read_bytes() for path in (tmp_path / number).iterdir()} for number in "01"
    ]
    assert written[0] == written[1]


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_equal_codes_have_no_directions_to_be_flattened_along(method):
    codes = torch.tensor([[1.0, 2.0, 3.0]]).expand(5, 3)
    with pytest.raises(ValueError, match="모두 같아"):
        projector.flatten(codes, method)


@pytest.mark.parametrize(
    "index",
    [
        [2, 0],
        (2, 0),
        np.array([2, 0]),
        torch.tensor([2, 0], dtype=torch.uint8),
        torch.tensor([-2, -4], dtype=torch.int32),
        range(2, -1, -2),
        slice(2, None, -2),
    ],
    ids=lambda index: type(index).__name__,
)
def test_every_kind_of_index_picks_the_images_it_names(index):
    images = stored(4)[0]
    expected = images.images[torch.tensor([2, 0])]
    assert to_uint8(images[index]).equal(expected)
    assert images.subset(index).images.equal(expected)


def test_a_mask_picks_the_images_it_marks():
    images, mask = stored(4)[0], torch.tensor([True, False, False, True])
    assert to_uint8(images[mask]).equal(images.images[torch.tensor([0, 3])])
    assert images.subset(mask).labels.equal(images.labels[torch.tensor([0, 3])])


@pytest.mark.parametrize("index", [4, -5, [0, 4], torch.tensor([-5])])
def test_numbers_beyond_the_set_are_refused_in_korean(index):
    images = stored(4)[0]
    with pytest.raises(IndexError, match="-4부터 3까지의 번호를 기대했는데"):
        images[index]


def test_a_loop_over_a_set_ends_after_its_last_image():
    images = stored(3)[0]
    assert torch.stack(list(images)).equal(images[:])
