"use strict";
// 사진이 아닌 무늬. aelab/ood.py와 같은 식이며, 값은 [-1, 1]의 (3, 32, 32)입니다.
{
  const { SIDE, PLANE } = aelab.codec;

  /**
   * 픽셀마다 색을 정하는 함수로 이미지를 만듭니다.
   * @param {(row: number, column: number) => number[]} color 빨강, 초록, 파랑
   */
  function paint(color) {
    const pixels = new Float32Array(3 * PLANE);
    for (let i = 0; i < PLANE; i++) {
      const [red, green, blue] = color(Math.floor(i / SIDE), i % SIDE);
      pixels[i] = red;
      pixels[PLANE + i] = green;
      pixels[2 * PLANE + i] = blue;
    }
    return pixels;
  }

  /** @param {number[]} color */
  const constant = (color) => paint(() => color);

  /** @param {() => number} uniform [0, 1)의 난수 */
  const noise = (uniform) => Float32Array.from({ length: 3 * PLANE }, () => uniform() * 2 - 1);

  /** @param {number} cell 칸 하나의 한 변(픽셀) */
  function checkerboard(cell) {
    return paint((row, column) => {
      const value = (Math.floor(row / cell) + Math.floor(column / cell)) % 2 ? -1 : 1;
      return [value, value, value];
    });
  }

  /**
   * @param {number} period 밝은 줄에서 다음 밝은 줄까지의 거리(픽셀)
   * @param {number} angle 색이 변하는 방향(도). 0이면 세로줄, 90이면 가로줄
   */
  function stripes(period, angle) {
    const turn = (angle * Math.PI) / 180;
    return paint((row, column) => {
      const along = column * Math.cos(turn) + row * Math.sin(turn);
      const value = Math.cos((2 * Math.PI * along) / period);
      return [value, value, value];
    });
  }

  /**
   * 빨강은 아래로, 초록은 오른쪽으로 커지는 색.
   * @param {number} blue 파랑의 값
   */
  function ramp(blue) {
    return paint((row, column) => [(2 * row) / (SIDE - 1) - 1, (2 * column) / (SIDE - 1) - 1, blue]);
  }

  const patterns = { constant, noise, checkerboard, stripes, ramp };
  globalThis.aelab = { ...globalThis.aelab, patterns };
  if (typeof module !== "undefined") module.exports = patterns;
}
