"use strict";
// 합성곱 오토인코더의 계산: aelab/models.py와 같은 층을 배열과 반복문만으로 셉니다.
// 값은 채널, 행, 열의 순서로 이어진 Float32Array입니다.
{
  const SMALLEST = 4; // 보폭 2의 합성곱을 세 번 지난 특징 맵의 한 변: 32 → 16 → 8 → 4
  const TAPS = 9; // 3×3 커널의 칸

  /**
   * 행렬곱 output[row][position] = Σ weight[row][k] · columns[position][k] + bias[row].
   *
   * 한 번에 4행 × 4자리를 셉니다: 읽은 수 하나를 네 번 쓰므로 메모리를 덜 오갑니다.
   * @param {Float32Array} weight (rows, depth)
   * @param {Float32Array} columns (positions, depth). positions는 4의 배수
   * @param {number} rows
   * @param {number} positions
   * @param {number} depth
   * @param {Float32Array} [bias] (rows,)
   */
  function multiply(weight, columns, rows, positions, depth, bias) {
    const output = new Float32Array(rows * positions);
    const whole = rows - (rows % 4);
    for (let row = 0; row < whole; row += 4) {
      const w0 = row * depth, w1 = w0 + depth, w2 = w1 + depth, w3 = w2 + depth;
      const b0 = bias ? bias[row] : 0, b1 = bias ? bias[row + 1] : 0;
      const b2 = bias ? bias[row + 2] : 0, b3 = bias ? bias[row + 3] : 0;
      for (let position = 0; position < positions; position += 4) {
        const c0 = position * depth, c1 = c0 + depth, c2 = c1 + depth, c3 = c2 + depth;
        let s00 = b0, s01 = b0, s02 = b0, s03 = b0, s10 = b1, s11 = b1, s12 = b1, s13 = b1;
        let s20 = b2, s21 = b2, s22 = b2, s23 = b2, s30 = b3, s31 = b3, s32 = b3, s33 = b3;
        for (let k = 0; k < depth; k++) {
          const x0 = weight[w0 + k], x1 = weight[w1 + k], x2 = weight[w2 + k], x3 = weight[w3 + k];
          const y0 = columns[c0 + k], y1 = columns[c1 + k], y2 = columns[c2 + k], y3 = columns[c3 + k];
          s00 += x0 * y0; s01 += x0 * y1; s02 += x0 * y2; s03 += x0 * y3;
          s10 += x1 * y0; s11 += x1 * y1; s12 += x1 * y2; s13 += x1 * y3;
          s20 += x2 * y0; s21 += x2 * y1; s22 += x2 * y2; s23 += x2 * y3;
          s30 += x3 * y0; s31 += x3 * y1; s32 += x3 * y2; s33 += x3 * y3;
        }
        let at = row * positions + position;
        output[at] = s00; output[at + 1] = s01; output[at + 2] = s02; output[at + 3] = s03;
        at += positions;
        output[at] = s10; output[at + 1] = s11; output[at + 2] = s12; output[at + 3] = s13;
        at += positions;
        output[at] = s20; output[at + 1] = s21; output[at + 2] = s22; output[at + 3] = s23;
        at += positions;
        output[at] = s30; output[at + 1] = s31; output[at + 2] = s32; output[at + 3] = s33;
      }
    }
    for (let row = whole; row < rows; row++) {
      for (let position = 0; position < positions; position++) {
        let sum = bias ? bias[row] : 0;
        for (let k = 0; k < depth; k++) sum += weight[row * depth + k] * columns[position * depth + k];
        output[row * positions + position] = sum;
      }
    }
    return output;
  }

  /**
   * 층 하나의 가중치와 모양.
   * @typedef {object} Layer
   * @property {number} inputs 들어오는 채널(선형층이면 값)의 수
   * @property {number} outputs 나가는 채널의 수
   * @property {number} stride 보폭
   * @property {Float32Array} weight
   * @property {Float32Array} bias
   */

  /**
   * 3×3 합성곱, 채움 1. 커널이 덮는 칸을 한 줄로 펴서(im2col) 행렬곱 한 번으로 셉니다.
   * @param {Float32Array} input (inputs, size, size)
   * @param {number} size 입력의 한 변
   * @param {Layer} layer weight는 (outputs, inputs, 3, 3)
   * @returns {Float32Array} (outputs, size / stride, size / stride)
   */
  function convolve(input, size, { inputs, outputs, stride, weight, bias }) {
    const side = size / stride;
    const depth = inputs * TAPS;
    const columns = new Float32Array(side * side * depth); // 0이 곧 채움
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const top = row * stride - 1, left = column * stride - 1;
        const start = (row * side + column) * depth;
        for (let channel = 0; channel < inputs; channel++) {
          for (let ky = 0; ky < 3; ky++) {
            if (top + ky < 0 || top + ky >= size) continue;
            const from = (channel * size + top + ky) * size + left;
            const to = start + channel * TAPS + ky * 3;
            if (left >= 0) columns[to] = input[from];
            columns[to + 1] = input[from + 1];
            if (left + 2 < size) columns[to + 2] = input[from + 2];
          }
        }
      }
    }
    return multiply(weight, columns, outputs, side * side, depth, bias);
  }

  /**
   * 3×3 전치 합성곱, 보폭 2, 채움 1, 출력 채움 1. 입력 한 칸이 커널 모양의 도장을 찍고, 겹친 곳은 더합니다.
   * @param {Float32Array} input (inputs, size, size)
   * @param {number} size 입력의 한 변
   * @param {Layer} layer weight는 (outputs, 3, 3, inputs)
   * @returns {Float32Array} (outputs, 2·size, 2·size)
   */
  function convolveTransposed(input, size, { inputs, outputs, weight, bias }) {
    const area = size * size, side = 2 * size;
    // 도장의 값을 모두 한 번의 행렬곱으로: (출력 채널, 커널의 칸)마다 입력의 자리마다 하나
    const stamps = multiply(weight, transpose(input, inputs, area), outputs * TAPS, area, inputs);
    const output = new Float32Array(outputs * side * side);
    for (let channel = 0; channel < outputs; channel++) {
      output.fill(bias[channel], channel * side * side, (channel + 1) * side * side);
      for (let tap = 0; tap < TAPS; tap++) {
        const ky = Math.floor(tap / 3), kx = tap % 3;
        const from = (channel * TAPS + tap) * area;
        for (let row = 0; row < size; row++) {
          const y = 2 * row - 1 + ky;
          if (y < 0 || y >= side) continue;
          for (let column = 0; column < size; column++) {
            const x = 2 * column - 1 + kx;
            if (x < 0 || x >= side) continue;
            output[(channel * side + y) * side + x] += stamps[from + row * size + column];
          }
        }
      }
    }
    return output;
  }

  /**
   * 선형층. 합을 넷으로 나누면 앞의 덧셈을 기다리지 않아 빠릅니다.
   * @param {Float32Array} input (inputs,)
   * @param {Layer} layer weight는 (outputs, inputs)
   */
  function linear(input, { inputs, outputs, weight, bias }) {
    const output = new Float32Array(outputs);
    const whole = inputs - (inputs % 4);
    for (let row = 0; row < outputs; row++) {
      const at = row * inputs;
      let s0 = bias[row], s1 = 0, s2 = 0, s3 = 0;
      for (let k = 0; k < whole; k += 4) {
        s0 += weight[at + k] * input[k];
        s1 += weight[at + k + 1] * input[k + 1];
        s2 += weight[at + k + 2] * input[k + 2];
        s3 += weight[at + k + 3] * input[k + 3];
      }
      for (let k = whole; k < inputs; k++) s0 += weight[at + k] * input[k];
      output[row] = s0 + s1 + s2 + s3;
    }
    return output;
  }

  /**
   * GELU(x) = x · Φ(x)를 제자리에서 셉니다. erf는 Abramowitz와 Stegun의 식 7.1.26(오차 1.5e-7)입니다.
   * @param {Float32Array} values
   */
  function gelu(values) {
    for (let i = 0; i < values.length; i++) {
      const x = values[i];
      const u = Math.abs(x) * Math.SQRT1_2;
      const t = 1 / (1 + 0.3275911 * u);
      const series =
        ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
      const tail = 0.5 * series * Math.exp(-u * u); // 표준정규분포에서 |x|보다 클 확률
      values[i] = x >= 0 ? x - x * tail : x * tail;
    }
    return values;
  }

  /** @param {Float32Array} values */
  function tanh(values) {
    for (let i = 0; i < values.length; i++) values[i] = Math.tanh(values[i]);
    return values;
  }

  /**
   * (rows, columns) → (columns, rows)
   * @param {Float32Array} matrix
   * @param {number} rows
   * @param {number} columns
   */
  function transpose(matrix, rows, columns) {
    const output = new Float32Array(matrix.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        output[column * rows + row] = matrix[row * columns + column];
      }
    }
    return output;
  }

  /** 이미지를 잠재 벡터로 줄이고 다시 펼치는 모델. aelab.Autoencoder와 같습니다. */
  class Autoencoder {
    /**
     * @param {number} latentDim 잠재 차원
     * @param {number} channels 가장 얕은 층의 채널 수(base_channel_size)
     * @param {Float32Array} parameters state_dict의 차례로 이은 모든 가중치
     */
    constructor(latentDim, channels, parameters) {
      this.latentDim = latentDim;
      let used = 0;
      /** @param {number} count */
      const take = (count) => parameters.subarray(used, (used += count));
      /** @type {(inputs: number, outputs: number, stride: number, taps?: number) => Layer} */
      const layer = (inputs, outputs, stride, taps = TAPS) => {
        const weight = take(inputs * outputs * taps);
        return { inputs, outputs, stride, weight, bias: take(outputs) };
      };
      /** @type {(inputs: number, outputs: number) => Layer} */
      const transposed = (inputs, outputs) => {
        const read = layer(inputs, outputs, 2);
        // PyTorch의 (inputs, outputs, 3, 3)을 행렬곱에 바로 쓸 (outputs, 3, 3, inputs)로
        return { ...read, weight: transpose(read.weight, inputs, outputs * TAPS) };
      };
      const c = channels, flat = 2 * c * SMALLEST ** 2;
      this.encoder = {
        first: layer(3, c, 2),
        second: layer(c, c, 1),
        third: layer(c, 2 * c, 2),
        fourth: layer(2 * c, 2 * c, 1),
        fifth: layer(2 * c, 2 * c, 2),
        linear: layer(flat, latentDim, 1, 1),
      };
      this.decoder = {
        linear: layer(latentDim, flat, 1, 1),
        first: transposed(2 * c, 2 * c),
        second: layer(2 * c, 2 * c, 1),
        third: transposed(2 * c, c),
        fourth: layer(c, c, 1),
        fifth: transposed(c, 3),
      };
      if (used !== parameters.length) {
        throw new RangeError(`가중치 ${used}개를 기대했는데 ${parameters.length}개가 왔습니다.`);
      }
    }

    /**
     * @param {Float32Array} pixels (3, 32, 32), [-1, 1]
     * @returns {Float32Array} 잠재 벡터 (latentDim,)
     */
    encode(pixels) {
      const layers = this.encoder;
      let features = gelu(convolve(pixels, 32, layers.first)); // 32×32 → 16×16
      features = gelu(convolve(features, 16, layers.second));
      features = gelu(convolve(features, 16, layers.third)); // → 8×8
      features = gelu(convolve(features, 8, layers.fourth));
      features = gelu(convolve(features, 8, layers.fifth)); // → 4×4
      return linear(features, layers.linear);
    }

    /**
     * @param {Float32Array} code 잠재 벡터 (latentDim,)
     * @returns {Float32Array} (3, 32, 32), (-1, 1)
     */
    decode(code) {
      const layers = this.decoder;
      let features = gelu(linear(code, layers.linear));
      features = gelu(convolveTransposed(features, 4, layers.first)); // 4×4 → 8×8
      features = gelu(convolve(features, 8, layers.second));
      features = gelu(convolveTransposed(features, 8, layers.third)); // → 16×16
      features = gelu(convolve(features, 16, layers.fourth));
      return tanh(convolveTransposed(features, 16, layers.fifth)); // → 32×32
    }

    /** @param {Float32Array} pixels */
    reconstruct(pixels) {
      return this.decode(this.encode(pixels));
    }
  }

  const engine = { Autoencoder, convolve, convolveTransposed, linear, gelu };
  globalThis.aelab = { ...globalThis.aelab, engine };
  if (typeof module !== "undefined") module.exports = engine;
}
