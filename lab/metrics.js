"use strict";
// 두 이미지가 얼마나 다른가: aelab/metrics.py와 같은 식의 MSE, PSNR, SSIM.
// 이미지는 채널마다 이어 놓은 값(3 × 한 변 × 한 변)입니다.
{
  const WINDOW = 11;
  const SIGMA = 1.5;
  const WEIGHTS = gaussianWindow(SIGMA, (WINDOW - 1) / 2);

  /**
   * 평균제곱오차: 값마다의 제곱오차를 더해 값의 개수로 나눕니다.
   * @param {Float32Array} restored
   * @param {Float32Array} original
   * @returns {number}
   */
  function mse(restored, original) {
    checkPair(restored, original);
    let sum = 0;
    for (let i = 0; i < original.length; i++) sum += (restored[i] - original[i]) ** 2;
    return sum / original.length;
  }

  /**
   * 최대 신호 대 잡음비(dB). 두 이미지가 같으면 무한대입니다.
   * @param {Float32Array} restored
   * @param {Float32Array} original
   * @param {number} dataRange 값이 가질 수 있는 폭. [-1, 1]이면 2, [0, 1]이면 1.
   * @returns {number}
   */
  function psnr(restored, original, dataRange) {
    checkDataRange(dataRange);
    return 10 * Math.log10(dataRange ** 2 / mse(restored, original));
  }

  /**
   * 구조적 유사도: 자리마다의 값(`ssimMap`)을 평균합니다. 같은 이미지는 1입니다.
   * @param {Float32Array} restored 값은 [0, dataRange]
   * @param {Float32Array} original 값은 [0, dataRange]
   * @param {number} dataRange
   * @returns {number}
   */
  function ssim(restored, original, dataRange) {
    const map = ssimMap(restored, original, dataRange);
    return map.reduce((sum, value) => sum + value, 0) / map.length;
  }

  /**
   * 11×11 창이 온전히 들어가는 자리마다의 SSIM을 세 채널에서 평균한 것.
   * @param {Float32Array} restored 값은 [0, dataRange]
   * @param {Float32Array} original 값은 [0, dataRange]
   * @param {number} dataRange
   * @returns {Float64Array} 한 변이 (이미지의 한 변 − 10)인 정사각형
   */
  function ssimMap(restored, original, dataRange) {
    checkPair(restored, original);
    checkDataRange(dataRange);
    for (const image of [restored, original]) {
      // 음수가 섞이면 밝기 항의 뜻이 사라집니다.
      if (!image.every((value) => value >= 0 && value <= dataRange)) {
        throw new RangeError(`[0, ${dataRange}]의 값을 기대했는데 벗어난 값이 왔습니다.`);
      }
    }
    const side = Math.sqrt(original.length / 3);
    if (!Number.isInteger(side) || side < WINDOW) {
      throw new RangeError(
        `한 변이 ${WINDOW} 이상인 정사각형 세 채널을 기대했는데 값이 ${original.length}개 왔습니다.`,
      );
    }
    const c1 = (0.01 * dataRange) ** 2;
    const c2 = (0.03 * dataRange) ** 2;
    const map = new Float64Array((side - WINDOW + 1) ** 2);
    for (let channel = 0; channel < 3; channel++) {
      const from = channel * side * side;
      const x = Float64Array.from(restored.subarray(from, from + side * side));
      const y = Float64Array.from(original.subarray(from, from + side * side));
      const meanX = windowMean(x, side);
      const meanY = windowMean(y, side);
      const squareX = windowMean(x.map((value) => value * value), side);
      const squareY = windowMean(y.map((value) => value * value), side);
      const product = windowMean(x.map((value, i) => value * y[i]), side);
      for (let i = 0; i < map.length; i++) {
        // 분산은 제곱의 평균에서 평균의 제곱을 뺀 것입니다.
        const varianceX = squareX[i] - meanX[i] ** 2;
        const varianceY = squareY[i] - meanY[i] ** 2;
        const covariance = product[i] - meanX[i] * meanY[i];
        const luminance = (2 * meanX[i] * meanY[i] + c1) / (meanX[i] ** 2 + meanY[i] ** 2 + c1);
        map[i] += (luminance * (2 * covariance + c2)) / (varianceX + varianceY + c2) / 3;
      }
    }
    return map;
  }

  /**
   * 합이 1인 가우스 창.
   * @param {number} sigma
   * @param {number} radius
   * @returns {Float64Array} 2·radius + 1개
   */
  function gaussianWindow(sigma, radius) {
    const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
      Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum);
  }

  /**
   * 가우스 창의 가중 평균. 창이 분리되므로 가로와 세로로 나누어 구합니다.
   * @param {Float64Array} plane
   * @param {number} side
   */
  function windowMean(plane, side) {
    const short = side - WINDOW + 1;
    const rows = new Float64Array(side * short);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < short; x++) {
        let sum = 0;
        for (let k = 0; k < WINDOW; k++) sum += WEIGHTS[k] * plane[y * side + x + k];
        rows[y * short + x] = sum;
      }
    }
    const means = new Float64Array(short * short);
    for (let y = 0; y < short; y++) {
      for (let x = 0; x < short; x++) {
        let sum = 0;
        for (let k = 0; k < WINDOW; k++) sum += WEIGHTS[k] * rows[(y + k) * short + x];
        means[y * short + x] = sum;
      }
    }
    return means;
  }

  /**
   * @param {Float32Array} restored
   * @param {Float32Array} original
   */
  function checkPair(restored, original) {
    if (restored.length !== original.length || original.length === 0) {
      throw new RangeError(
        `값의 개수가 같은 두 이미지를 기대했는데 ${restored.length}개와 ${original.length}개가 왔습니다.`,
      );
    }
  }

  /** @param {number} dataRange */
  function checkDataRange(dataRange) {
    if (!(dataRange > 0 && dataRange < Infinity)) {
      throw new RangeError(`값의 범위로 0보다 큰 수를 기대했는데 ${dataRange}이(가) 왔습니다.`);
    }
  }

  const metrics = { mse, psnr, ssim, ssimMap, gaussianWindow };
  globalThis.aelab = { ...globalThis.aelab, metrics };
  if (typeof module !== "undefined") module.exports = metrics;
}
