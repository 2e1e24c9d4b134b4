"""적어 둔 텐서의 모양이 참인지: 형 검사를 켠 파이썬에서 공개 함수를 차례로 부릅니다.

형 검사를 켜면 우리의 오류보다 먼저 제 오류를 내므로, 다른 시험과 섞이지 않게 따로 실행합니다.
"""

import subprocess
import sys

import pytest

CALLS = """
import sys
from types import SimpleNamespace

import pytest
from beartype import BeartypeConf, beartype
from jaxtyping import TypeCheckError, install_import_hook

# float라고 적은 자리에 int도 받습니다(PEP 484).
sys.modules["checker"] = SimpleNamespace(check=beartype(conf=BeartypeConf(is_pep484_tower=True)))
with install_import_hook("aelab", "checker.check"):
    import torch

    import aelab
    from aelab import generation, metrics, ood, projector, retrieval, training
    from aelab.data import to_float, to_uint8

images = aelab.load_images("toyworld", split="test").subset(slice(0, 6))
assert to_uint8(to_float(images.images)).equal(images.images)
model = aelab.Autoencoder(8, base_channel_size=4, generator=torch.Generator().manual_seed(0)).eval()
for batch in images.batches(4, generator=torch.Generator().manual_seed(0)):
    restored = model(batch)
    assert model.decoder(model.encoder(batch)).equal(restored)
    for measure in (metrics.squared_error_per_image, metrics.mse):
        assert measure(restored, batch).shape == (len(batch),)
    assert metrics.psnr(restored, batch, data_range=2).shape == (len(batch),)
    assert metrics.mse(batch.numpy(), batch).equal(torch.zeros(len(batch)))
    halves = (restored + 1) / 2, (batch + 1) / 2
    assert metrics.ssim(*halves, data_range=1).shape == (len(batch),)
training.evaluate(model, images)

dice = torch.Generator().manual_seed(0)
noise = ood.uniform_noise(3, generator=dice)
ood.single_channel(1, [0.0, 1]), ood.constant(torch.zeros(2, 3)), ood.color_ramp([0, 1.0])
ood.checkerboard(4, first=torch.zeros(5, 3)), ood.stripes(8, angle=30)
scores = ood.reconstruction_score(model, ood.shifted(ood.blurred(noise, 1), right=-2))
assert ood.auroc(scores, scores) == 0.5
codes = retrieval.embed(model, images)
distances, indices = retrieval.LatentIndex(codes, "cosine").search(codes, 2)
assert distances.shape == indices.shape == (6, 2)
samples = generation.LatentGaussian.fit(codes).sample(4, generator=dice)
assert samples.shape == generation.random_codes(4, 8, generator=dice).shape
generation.interpolate_spherical(codes[0], codes[1], 3)
assert projector.flatten(codes, "pca").shape == (6, 2)

# 검사가 정말 켜져 있는지: 축이 하나 모자란 이미지
with pytest.raises(TypeCheckError):
    metrics.mse(batch[0], batch[0])
with pytest.raises(TypeCheckError):
    model.decoder(batch)
print("checked")
"""


@pytest.mark.slow
def test_public_functions_keep_the_shapes_they_declare():
    done = subprocess.run(
        [sys.executable, "-c", CALLS], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.stdout.endswith("checked\n"), done.stderr
