"use strict";
// 출력의 칸마다 어느 입력이 닿는지 거꾸로 세는 식과 견줍니다. torch와는 tests/test_lab_panels.py에서.
const assert = require("node:assert/strict");
const test = require("node:test");

const transposed = require("../transposed.js");
const random = require("../random.js");

const settings = (inputSize, kernelSize, stride, padding, outputPadding) => ({
  inputSize,
  kernelSize,
  stride,
  padding,
  outputPadding,
});

const EVERY = [];
for (const n of [1, 3, 4])
  for (const k of [1, 2, 3, 4])
    for (const s of [1, 2, 3])
      for (const p of [0, 1, 2])
        for (let o = 0; o < s; o++) {
          const chosen = settings(n, k, s, p, o);
          if ((n - 1) * s - 2 * p + k + o >= 1) EVERY.push(chosen);
        }

function gathered(input, kernel, { inputSize: n, kernelSize: k, stride: s, padding: p }, m) {
  const out = [];
  for (let y = 0; y < m; y++)
    for (let x = 0; x < m; x++) {
      let sum = 0;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          const [row, column] = [y + p - i * s, x + p - j * s];
          if (row >= 0 && row < k && column >= 0 && column < k)
            sum += input[i * n + j] * kernel[row * k + column];
        }
      out.push(sum);
    }
  return out;
}

test("stamping equals gathering for every setting", () => {
  assert.ok(EVERY.length > 100);
  for (const chosen of EVERY) {
    const input = random.normal(chosen.inputSize ** 2, 1);
    const kernel = random.normal(chosen.kernelSize ** 2, 2);
    const size = transposed.outputSize(chosen);
    const expected = gathered(input, kernel, chosen, size);
    const got = transposed.transposedConvolution(input, kernel, chosen);
    assert.equal(got.length, size * size);
    got.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9));
  }
});

test("the output always fits inside the board", () => {
  for (const chosen of EVERY) {
    const last = chosen.padding + transposed.outputSize(chosen);
    assert.ok(last <= transposed.boardSize(chosen), JSON.stringify(chosen));
  }
});

test("each step adds one stamp and nothing else", () => {
  const chosen = settings(3, 3, 2, 1, 1);
  const [input, kernel] = [random.normal(9, 3), random.normal(9, 4)];
  const side = transposed.boardSize(chosen);
  for (let step = 0; step < 9; step++) {
    const before = transposed.stampBoard(input, kernel, chosen, step);
    const after = transposed.stampBoard(input, kernel, chosen, step + 1);
    const [top, left] = [2 * Math.floor(step / 3), 2 * (step % 3)];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const inside = y >= top && y < top + 3 && x >= left && x < left + 3;
        const added = after.values[y * side + x] - before.values[y * side + x];
        const stamp = inside ? input[step] * kernel[(y - top) * 3 + x - left] : 0;
        assert.ok(Math.abs(added - stamp) < 1e-12);
        const touched = after.counts[y * side + x] - before.counts[y * side + x];
        assert.equal(touched, inside ? 1 : 0);
      }
  }
});

test("kernel 3 overlaps unevenly at stride 2 and kernel 4 evenly", () => {
  const inner = (kernelSize) => {
    const chosen = settings(4, kernelSize, 2, 0, 0);
    const ones = (count) => new Float64Array(count).fill(1);
    const { counts } = transposed.stampBoard(ones(16), ones(kernelSize ** 2), chosen);
    const side = transposed.boardSize(chosen);
    const cell = (y, x) => counts[y * side + x];
    return [cell(3, 3), cell(3, 4), cell(4, 3), cell(4, 4)].sort();
  };
  assert.deepEqual(inner(3), [1, 2, 2, 4]);
  assert.deepEqual(inner(4), [4, 4, 4, 4]);
});

test("wrong settings are explained and refused", () => {
  for (const [chosen, reason] of [
    [settings(3, 3, 2, 1, 2), /출력 채움은 보폭 2보다 작아야/],
    [settings(1, 2, 1, 1, 0), /출력의 한 변이 1 이상/],
    [settings(3, 0, 1, 0, 0), /1 이상의 정수/],
    [settings(3, 2, 1, -1, 0), /0 이상의 정수/],
    [settings(3, 2.5, 1, 0, 0), /1 이상의 정수/],
  ]) {
    assert.match(transposed.problem(chosen), reason);
    assert.throws(() => transposed.transposedConvolution([1], [1], chosen), reason);
  }
  assert.equal(transposed.problem(settings(3, 3, 2, 1, 1)), "");
  const few = () => transposed.stampBoard([1, 2], [1, 1, 1, 1], settings(2, 2, 1, 0, 0));
  assert.throws(few, /입력: 값 4개를 기대했는데 2개/);
});
