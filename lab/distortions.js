"use strict";
// 3장에서 이미지를 일부러 망가뜨리는 다섯 가지: 이동, 가림, 흐림, 잡음, 밝기.
// 이미지는 [-1, 1]의 값 3 × 32 × 32이며, 받은 이미지는 바꾸지 않습니다.
{
  const { SIDE, PLANE } = aelab.codec;

  /**
   * 오른쪽 아래로 옮기고, 빈 줄은 채널의 평균으로 채웁니다.
   * @param {Float32Array} image
   * @param {number} pixels
   */
  function shift(image, pixels) {
    return byChannel(image, (plane, mean, x, y) =>
      x < pixels || y < pixels ? mean : plane[(y - pixels) * SIDE + x - pixels],
    );
  }

  /**
   * 위쪽 `rows`줄을 채널의 평균으로 덮습니다.
   * @param {Float32Array} image
   * @param {number} rows
   */
  function mask(image, rows) {
    return byChannel(image, (plane, mean, x, y) => (y < rows ? mean : plane[y * SIDE + x]));
  }

  /**
   * 가우스 창으로 흐리게 합니다. 가장자리가 어두워지지 않도록 바깥은 거울처럼 비춥니다.
   * @param {Float32Array} image
   * @param {number} sigma 픽셀 단위. 0이면 그대로입니다.
   */
  function blur(image, sigma) {
    if (sigma === 0) return Float32Array.from(image);
    const radius = Math.ceil(3 * sigma);
    const weights = aelab.metrics.gaussianWindow(sigma, radius);
    // 가로로 한 번 흐리고 눕힌 것을 다시 흐리고 눕히면 세로까지 흐려집니다.
    const once = byChannel(image, across);
    return byChannel(once, across);

    /** @type {PixelRule} */
    function across(plane, _mean, x, y) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++) {
        sum += weights[k + radius] * plane[x * SIDE + mirrored(y + k)];
      }
      return sum;
    }
  }

  /**
   * 정규분포의 잡음을 더하고 [-1, 1]로 자릅니다.
   * @param {Float32Array} image
   * @param {number} strength 잡음의 표준편차
   * @param {number} seed
   */
  function noise(image, strength, seed) {
    const added = aelab.random.normal(image.length, seed);
    return image.map((value, i) => clamp(value + strength * added[i]));
  }

  /**
   * 모든 값에 같은 수를 더하고 [-1, 1]로 자릅니다.
   * @param {Float32Array} image
   * @param {number} amount
   */
  function brighten(image, amount) {
    return image.map((value) => clamp(value + amount));
  }

  /** @typedef {(plane: Float32Array, mean: number, x: number, y: number) => number} PixelRule */

  /**
   * 채널마다, 픽셀마다 `rule`이 정한 값으로 새 이미지를 만듭니다.
   * @param {Float32Array} image
   * @param {PixelRule} rule
   */
  function byChannel(image, rule) {
    const changed = new Float32Array(image.length);
    for (let from = 0; from < image.length; from += PLANE) {
      const plane = image.subarray(from, from + PLANE);
      const mean = plane.reduce((sum, value) => sum + value, 0) / PLANE;
      for (let i = 0; i < PLANE; i++) {
        changed[from + i] = rule(plane, mean, i % SIDE, Math.floor(i / SIDE));
      }
    }
    return changed;
  }

  /** 이미지 밖의 자리를 거울처럼 안으로. @param {number} place */
  function mirrored(place) {
    const inside = Math.abs(place);
    return inside < SIDE ? inside : 2 * (SIDE - 1) - inside;
  }

  /** @param {number} value */
  function clamp(value) {
    return Math.min(1, Math.max(-1, value));
  }

  const distortions = { shift, mask, blur, noise, brighten };
  globalThis.aelab = { ...globalThis.aelab, distortions };
  if (typeof module !== "undefined") module.exports = distortions;
}
