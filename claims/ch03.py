"""3장 《MSE와 PSNR》의 주장."""

import numpy as np

import aelab
from aelab import metrics
from aelab.inference import predict
from claims.claim import Claim, above, over_images
from claims.weights import each_model


def mean_of_psnr_exceeds_psnr_of_mean() -> Claim:
    images = aelab.load_images("cifar10", "test")[:1000]
    estimates = []
    for name, model in each_model().items():
        error = metrics.mse(predict(model, images), images).numpy()

        def gap(error, axis=-1):
            return 10 * np.log10(error.mean(axis)) - (10 * np.log10(error)).mean(axis)

        estimates.append(over_images(name, error, statistic=gap))
    return Claim(
        sentence="재구성 1000장에서 PSNR의 평균은 평균의 PSNR보다 높습니다.",
        section="PSNR의 평균과 평균의 PSNR",
        quantity="PSNR의 평균 − 평균의 PSNR",
        unit="dB",
        control="이미지마다 오차가 고르다면 차이가 0.1 dB를 넘지 않습니다.",
        expects=above(0.1),
        estimates=estimates,
    )
