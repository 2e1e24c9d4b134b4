// 층의 계산을 느리지만 뻔한 정의와 견줍니다. PyTorch와의 비교는 tests/browser/test_lab.py에 있습니다.
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { Autoencoder, convolve, convolveTransposed, linear, gelu } = require("../engine.js");
const { normal } = require("../random.js");

/** 정의 그대로의 합성곱: 커널의 칸을 하나씩 더한다. weight는 (outputs, inputs, 3, 3) */
function slowConvolve(input, size, { inputs, outputs, stride, weight, bias }) {
  const side = size / stride;
  const at = (c, y, x) => (y < 0 || x < 0 || y >= size || x >= size ? 0 : input[(c * size + y) * size + x]);
  const output = [];
  for (let o = 0; o < outputs; o++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        let sum = bias[o];
        for (let c = 0; c < inputs; c++)
          for (let ky = 0; ky < 3; ky++)
            for (let kx = 0; kx < 3; kx++)
              sum += weight[((o * inputs + c) * 3 + ky) * 3 + kx] * at(c, y * stride + ky - 1, x * stride + kx - 1);
        output.push(sum);
      }
  return output;
}

/** 정의 그대로의 전치 합성곱: 출력의 칸마다 거기에 닿는 입력을 찾는다. weight는 (inputs, outputs, 3, 3) */
function slowTransposed(input, size, inputs, outputs, weight, bias) {
  const side = 2 * size;
  const output = [];
  for (let o = 0; o < outputs; o++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        let sum = bias[o];
        for (let c = 0; c < inputs; c++)
          for (let ky = 0; ky < 3; ky++)
            for (let kx = 0; kx < 3; kx++) {
              const iy = (y + 1 - ky) / 2, ix = (x + 1 - kx) / 2;
              if (!Number.isInteger(iy) || !Number.isInteger(ix)) continue;
              if (iy < 0 || ix < 0 || iy >= size || ix >= size) continue;
              sum += weight[((c * outputs + o) * 3 + ky) * 3 + kx] * input[(c * size + iy) * size + ix];
            }
        output.push(sum);
      }
  return output;
}

function assertClose(actual, expected, tolerance) {
  assert.equal(actual.length, expected.length);
  const worst = Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i])));
  assert.ok(worst <= tolerance, `가장 큰 차이 ${worst}`);
}

for (const [inputs, outputs, size, stride] of [[3, 4, 8, 2], [4, 5, 8, 1], [2, 7, 4, 2]]) {
  test(`convolution ${inputs}→${outputs}, ${size}×${size}, stride ${stride} equals its definition`, () => {
    const input = normal(inputs * size * size, 1);
    const layer = { inputs, outputs, stride, weight: normal(outputs * inputs * 9, 2), bias: normal(outputs, 3) };
    assertClose(convolve(input, size, layer), slowConvolve(input, size, layer), 1e-5);
  });
}

for (const [inputs, outputs, size] of [[4, 3, 4], [3, 8, 8]]) {
  test(`transposed convolution ${inputs}→${outputs}, ${size}×${size} equals its definition`, () => {
    const input = normal(inputs * size * size, 1);
    const weight = normal(inputs * outputs * 9, 2), bias = normal(outputs, 3);
    const moved = new Float32Array(weight.length); // (inputs, outputs·9) → (outputs·9, inputs)
    weight.forEach((value, i) => (moved[(i % (outputs * 9)) * inputs + Math.floor(i / (outputs * 9))] = value));
    const layer = { inputs, outputs, stride: 2, weight: moved, bias };
    assertClose(convolveTransposed(input, size, layer), slowTransposed(input, size, inputs, outputs, weight, bias), 1e-5);
  });
}

test("transposed convolution is the adjoint of the strided convolution", () => {
  // ⟨conv(x), y⟩ = ⟨x, convᵀ(y)⟩, 같은 커널로
  const x = normal(2 * 64, 1), y = normal(3 * 16, 2), weight = normal(3 * 2 * 9, 3);
  const forward = convolve(x, 8, { inputs: 2, outputs: 3, stride: 2, weight, bias: new Float32Array(3) });
  const moved = new Float32Array(weight.length); // (3, 2·9) → (2·9, 3)
  weight.forEach((value, i) => (moved[(i % 18) * 3 + Math.floor(i / 18)] = value));
  const back = convolveTransposed(y, 4, { inputs: 3, outputs: 2, stride: 2, weight: moved, bias: new Float32Array(2) });
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  assert.ok(Math.abs(dot(forward, y) - dot(x, back)) < 1e-4);
});

test("linear layer handles a length that is not a multiple of four", () => {
  const weight = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const output = linear(Float32Array.from([1, 1, 1, 1, 1]), {
    inputs: 5, outputs: 2, stride: 1, weight, bias: Float32Array.from([0.5, -0.5]),
  });
  assert.deepEqual([...output], [15.5, 39.5]);
});

test("gelu equals x times the normal distribution function", () => {
  // 표에서 찾은 Φ(x)
  const known = [[0, 0.5], [1, 0.8413447461], [-1, 0.1586552539], [2, 0.9772498681], [-3, 0.001349898]];
  for (const [x, probability] of known) {
    assert.ok(Math.abs(gelu(Float32Array.from([x]))[0] - x * probability) < 1e-6);
  }
});

test("a wrong number of parameters is told", () => {
  assert.throws(() => new Autoencoder(8, 4, new Float32Array(10)), /10개가 왔습니다/);
});

test("codes of another size than a multiple of four work", () => {
  const c = 4, d = 6, flat = 2 * c * 16, taps = 9;
  const count =
    3 * c * taps + c + (c * c * taps + c) + (2 * c * c * taps + 2 * c) + 2 * (4 * c * c * taps + 2 * c) +
    (flat * d + d) + (d * flat + flat) + 2 * (4 * c * c * taps + 2 * c) + (2 * c * c * taps + c) +
    (c * c * taps + c) + (c * 3 * taps + 3);
  const model = new Autoencoder(d, c, normal(count, 1).map((value) => value / 10));
  const restored = model.reconstruct(new Float32Array(3072));
  assert.equal(model.encode(new Float32Array(3072)).length, d);
  assert.ok(restored.length === 3072 && restored.every((value) => value > -1 && value < 1));
});
