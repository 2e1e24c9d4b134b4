"use strict";
// 느리지만 뻔한 반복문과 견줍니다. aelab.metrics와의 비교는 tests/test_lab_panels.py에 있습니다.
const assert = require("node:assert/strict");
const test = require("node:test");

const metrics = require("../metrics.js");
const random = require("../random.js");
require("../codec.js"); // 한 변의 길이가 여기에 있습니다
const distortions = require("../distortions.js");

const SIZE = 3 * 32 * 32;
const range01 = (seed) => Float32Array.from({ length: SIZE }, random.uniform(seed));
const signed = (seed) => range01(seed).map((value) => 2 * value - 1);

/** 창 안의 값을 모두 늘어놓고 정의대로 구한 SSIM. */
function slowSsim(x, y, dataRange) {
  const weight = (i, j) => Math.exp(-((i - 5) ** 2 + (j - 5) ** 2) / (2 * 1.5 ** 2));
  let total = 0;
  for (let i = 0; i < 11; i++) for (let j = 0; j < 11; j++) total += weight(i, j);
  const values = [];
  for (let c = 0; c < 3; c++)
    for (let top = 0; top < 22; top++)
      for (let left = 0; left < 22; left++) {
        const mean = (pick) => {
          let sum = 0;
          for (let i = 0; i < 11; i++)
            for (let j = 0; j < 11; j++)
              sum += (weight(i, j) / total) * pick(c * 1024 + (top + i) * 32 + left + j);
          return sum;
        };
        const mx = mean((k) => x[k]);
        const my = mean((k) => y[k]);
        const vx = mean((k) => (x[k] - mx) ** 2);
        const vy = mean((k) => (y[k] - my) ** 2);
        const cov = mean((k) => (x[k] - mx) * (y[k] - my));
        const c1 = (0.01 * dataRange) ** 2;
        const c2 = (0.03 * dataRange) ** 2;
        values.push(
          ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx ** 2 + my ** 2 + c1) * (vx + vy + c2)),
        );
      }
  return values.reduce((a, b) => a + b) / values.length;
}

test("mse averages the squared differences", () => {
  const x = Float32Array.of(1, 2, 3, 4);
  assert.equal(metrics.mse(x, Float32Array.of(1, 0, 3, 7)), (4 + 9) / 4);
});

test("psnr of an error of one brightness level is 48 dB in every range", () => {
  const original = new Float32Array(SIZE).fill(0.25);
  const off = original.map((value) => value + 1 / 128);
  assert.ok(Math.abs(metrics.psnr(off, original, 1) - 20 * Math.log10(128)) < 1e-9);
  const doubled = (image) => image.map((value) => 2 * value - 1);
  const again = metrics.psnr(doubled(off), doubled(original), 2);
  assert.ok(Math.abs(again - metrics.psnr(off, original, 1)) < 1e-9);
});

test("psnr of an image with itself is infinite and ssim is one", () => {
  const image = range01(1);
  assert.equal(metrics.psnr(image, image, 1), Infinity);
  assert.ok(Math.abs(metrics.ssim(image, image, 1) - 1) < 1e-12);
});

test("ssim equals the definition summed over every window", () => {
  const original = range01(2);
  const changed = range01(3).map((value, i) => 0.3 * value + 0.7 * original[i]);
  assert.ok(Math.abs(metrics.ssim(changed, original, 1) - slowSsim(changed, original, 1)) < 1e-9);
  const wide = (image) => image.map((value) => 255 * value);
  const got = metrics.ssim(wide(changed), wide(original), 255);
  assert.ok(Math.abs(got - slowSsim(changed, original, 1)) < 1e-5);
});

test("metrics refuse what would give a wrong number in silence", () => {
  const image = range01(4);
  assert.throws(() => metrics.mse(image, image.subarray(1)), /3071개와 3072개|3072개와 3071개/);
  assert.throws(() => metrics.psnr(image, image, 0), /0보다 큰 수/);
  assert.throws(() => metrics.ssim(signed(4), image, 1), /벗어난 값/);
  assert.throws(() => metrics.ssim(image.subarray(0, 300), image.subarray(0, 300), 1), /11 이상/);
});

test("a shift moves every pixel down and right and fills with the channel mean", () => {
  const image = signed(5);
  const moved = distortions.shift(image, 3);
  for (let c = 0; c < 3; c++) {
    const plane = image.subarray(c * 1024, (c + 1) * 1024);
    const mean = plane.reduce((a, b) => a + b) / 1024;
    for (let y = 0; y < 32; y++)
      for (let x = 0; x < 32; x++) {
        const expected = x < 3 || y < 3 ? Math.fround(mean) : plane[(y - 3) * 32 + x - 3];
        assert.ok(Math.abs(moved[c * 1024 + y * 32 + x] - expected) < 1e-6);
      }
  }
});

test("a mask covers only the upper rows", () => {
  const image = signed(6);
  const covered = distortions.mask(image, 16);
  for (let c = 0; c < 3; c++) {
    const lower = [c * 1024 + 512, (c + 1) * 1024];
    assert.deepEqual(covered.subarray(...lower), image.subarray(...lower));
    assert.equal(new Set(covered.subarray(c * 1024, c * 1024 + 512)).size, 1);
  }
});

test("blur equals a two-dimensional mirrored Gaussian", () => {
  const image = signed(7);
  const sigma = 1.2;
  const radius = 4;
  const blurred = distortions.blur(image, sigma);
  const fold = (p) => (p < 0 ? -p : p > 31 ? 62 - p : p);
  for (const [c, y, x] of [[0, 0, 0], [1, 16, 9], [2, 31, 30], [2, 2, 31]]) {
    let sum = 0;
    let total = 0;
    for (let i = -radius; i <= radius; i++)
      for (let j = -radius; j <= radius; j++) {
        const weight = Math.exp(-(i * i + j * j) / (2 * sigma ** 2));
        total += weight;
        sum += weight * image[c * 1024 + fold(y + i) * 32 + fold(x + j)];
      }
    assert.ok(Math.abs(blurred[c * 1024 + y * 32 + x] - sum / total) < 1e-6);
  }
});

test("nothing asked changes nothing, and no distortion writes into its input", () => {
  const image = signed(8);
  const before = Float32Array.from(image);
  for (const [name, none, some] of [
    ["shift", 0, 2],
    ["mask", 0, 8],
    ["blur", 0, 1.5],
    ["noise", 0, 0.5],
    ["brighten", 0, 0.4],
  ]) {
    assert.deepEqual(distortions[name](image, none, 1), before, name);
    const changed = distortions[name](image, some, 1);
    assert.ok(metrics.mse(changed, image) > 0, name);
    assert.ok(changed.every((value) => value >= -1 && value <= 1), name);
    assert.deepEqual(image, before, name);
  }
});
