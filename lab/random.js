"use strict";
// 씨앗이 같으면 어느 브라우저에서나 같은 수를 내는 난수. 주소에 씨앗을 적어 같은 그림을 함께 봅니다.
{
  /**
   * 부를 때마다 [0, 1)의 고른 난수를 내는 함수(mulberry32).
   * @param {number} seed 정수
   * @returns {() => number}
   */
  function uniform(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  /**
   * 표준정규분포에서 뽑은 수(Box–Muller).
   * @param {number} count
   * @param {number} seed 정수
   */
  function normal(count, seed) {
    const next = uniform(seed);
    return Float32Array.from({ length: count }, () => {
      const radius = Math.sqrt(-2 * Math.log(1 - next())); // 1에서 빼면 로그에 0이 들어가지 않는다
      return radius * Math.cos(2 * Math.PI * next());
    });
  }

  const random = { uniform, normal };
  globalThis.aelab = { ...globalThis.aelab, random };
  if (typeof module !== "undefined") module.exports = random;
}
