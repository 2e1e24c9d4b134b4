"use strict";
// 전치 합성곱: 입력의 칸마다 커널을 도장처럼 찍고, 겹친 곳은 더합니다.
// 채널이 하나인 정사각형만 다룹니다. 디코더의 전치 합성곱은 engine.js에 있습니다.
{
  /**
   * @typedef {object} TransposedSettings
   * @property {number} inputSize 입력의 한 변 n
   * @property {number} kernelSize 커널의 한 변 k
   * @property {number} stride 보폭 s
   * @property {number} padding 채움 p: 판의 네 가장자리에서 잘라 내는 칸
   * @property {number} outputPadding 출력 채움 o: 오른쪽과 아래에서 덜 자르는 칸
   */

  /**
   * 설정이 왜 틀렸는지 말합니다. 맞으면 빈 글입니다.
   * @param {TransposedSettings} settings
   * @returns {string}
   */
  function problem(settings) {
    const { inputSize, kernelSize, stride, padding, outputPadding } = settings;
    const whole = (/** @type {number} */ value, /** @type {number} */ least) =>
      Number.isInteger(value) && value >= least;
    if (![inputSize, kernelSize, stride].every((value) => whole(value, 1))) {
      return "입력과 커널의 크기와 보폭은 1 이상의 정수여야 합니다.";
    }
    if (![padding, outputPadding].every((value) => whole(value, 0))) {
      return "채움과 출력 채움은 0 이상의 정수여야 합니다.";
    }
    // 출력 채움은 보폭이 만드는 모호함을 푸는 스위치이므로 보폭보다 작아야 합니다.
    if (outputPadding >= stride) {
      return `출력 채움은 보폭 ${stride}보다 작아야 하는데 ${outputPadding}입니다.`;
    }
    const size = outputSize(settings);
    if (size < 1) return `출력의 한 변이 1 이상이어야 하는데 ${size}입니다. 채움을 줄입니다.`;
    return "";
  }

  /**
   * 출력의 한 변: (n − 1)s − 2p + k + o.
   * @param {TransposedSettings} settings
   */
  function outputSize({ inputSize, kernelSize, stride, padding, outputPadding }) {
    return (inputSize - 1) * stride - 2 * padding + kernelSize + outputPadding;
  }

  /**
   * 도장을 받는 판의 한 변. 출력 채움이 채움보다 크면 도장이 닿지 않는 줄이 더 붙습니다.
   * @param {TransposedSettings} settings
   */
  function boardSize({ inputSize, kernelSize, stride, padding, outputPadding }) {
    return (inputSize - 1) * stride + kernelSize + Math.max(0, outputPadding - padding);
  }

  /**
   * 도장을 `stamps`개 찍은 판(자르기 전)과, 칸마다 도장이 닿은 횟수.
   * @param {ArrayLike<number>} input n × n
   * @param {ArrayLike<number>} kernel k × k
   * @param {TransposedSettings} settings
   * @param {number} [stamps] 없으면 모두(n²개) 찍습니다.
   * @returns {{values: Float64Array, counts: Uint16Array}}
   */
  function stampBoard(input, kernel, settings, stamps = settings.inputSize ** 2) {
    check(input, kernel, settings);
    const { inputSize, kernelSize, stride } = settings;
    const side = boardSize(settings);
    const values = new Float64Array(side * side);
    const counts = new Uint16Array(side * side);
    for (let step = 0; step < stamps; step++) {
      const top = Math.floor(step / inputSize) * stride;
      const left = (step % inputSize) * stride;
      for (let row = 0; row < kernelSize; row++) {
        for (let column = 0; column < kernelSize; column++) {
          const at = (top + row) * side + left + column;
          values[at] += input[step] * kernel[row * kernelSize + column];
          counts[at] += 1;
        }
      }
    }
    return { values, counts };
  }

  /**
   * 전치 합성곱의 출력 m × m: 도장을 모두 찍은 판에서 채움을 잘라 낸 것.
   * @param {ArrayLike<number>} input n × n
   * @param {ArrayLike<number>} kernel k × k
   * @param {TransposedSettings} settings
   * @returns {Float64Array}
   */
  function transposedConvolution(input, kernel, settings) {
    const { values } = stampBoard(input, kernel, settings);
    const size = outputSize(settings);
    const side = boardSize(settings);
    return Float64Array.from({ length: size * size }, (_, i) => {
      const row = Math.floor(i / size) + settings.padding;
      const column = (i % size) + settings.padding;
      return values[row * side + column];
    });
  }

  /**
   * @param {ArrayLike<number>} input
   * @param {ArrayLike<number>} kernel
   * @param {TransposedSettings} settings
   */
  function check(input, kernel, settings) {
    const reason = problem(settings);
    if (reason) throw new RangeError(reason);
    for (const [name, values, side] of /** @type {[string, ArrayLike<number>, number][]} */ ([
      ["입력", input, settings.inputSize],
      ["커널", kernel, settings.kernelSize],
    ])) {
      if (values.length !== side * side) {
        throw new RangeError(
          `${name}: 값 ${side * side}개를 기대했는데 ${values.length}개가 왔습니다.`,
        );
      }
    }
  }

  const transposed = { problem, outputSize, boardSize, stampBoard, transposedConvolution };
  globalThis.aelab = { ...globalThis.aelab, transposed };
  if (typeof module !== "undefined") module.exports = transposed;
}
