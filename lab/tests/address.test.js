const assert = require("node:assert/strict");
const { test } = require("node:test");
const { State, format, parse } = require("../address.js");
const { describe, percentBelow } = require("../ranking.js");

/** @param {string} hash */
function stateAt(hash) {
  const written = [];
  return { state: new State("lab-latent", hash, (next) => written.push(next)), written };
}

test("what is written can be read again", () => {
  const { state, written } = stateAt("");
  state.save({ size: 128, name: "가 & 나" });
  const { id, values } = parse(written[0]);
  assert.equal(id, "lab-latent");
  assert.deepEqual(Object.fromEntries(values), { size: "128", name: "가 & 나" });
  assert.equal(format("lab-latent", new Map()), "#lab-latent");
});

test("saving keeps the earlier values and null forgets one", () => {
  const { state, written } = stateAt("#lab-latent?size=64&t=0.5");
  state.save({ t: null, a: 3 });
  assert.deepEqual(Object.fromEntries(parse(written[0]).values), { size: "64", a: "3" });
});

test("another panel's address is not this panel's state", () => {
  assert.equal(stateAt("#lab-ood?t=0.9").state.number("t", 0.5, { min: 0, max: 1 }), 0.5);
});

for (const [text, expected] of [["0.25", 0.25], ["7", 1], ["-7", 0], ["abc", 0.5], ["", 0.5], ["NaN", 0.5], ["Infinity", 0.5]]) {
  test(`number in the address: "${text}" becomes ${expected}`, () => {
    assert.equal(stateAt(`#lab-latent?t=${text}`).state.number("t", 0.5, { min: 0, max: 1 }), expected);
  });
}

for (const [text, range, expected] of [
  ["0.333", { min: 0, max: 1.5, step: 0.05 }, 0.35],
  ["0.3000001", { min: 0, max: 1, step: 0.1 }, 0.3],
  ["-2.99", { min: -3, max: 3, step: 0.05 }, -3],
  ["2.6", { min: 1, max: 9999, step: 1 }, 3],
  ["99", { min: 0, max: 10, step: 4 }, 8], // 슬라이더도 걸음이 닿지 않는 끝에는 서지 않는다
]) {
  test(`"${text}" becomes the step ${expected}, where the slider stands`, () => {
    assert.equal(stateAt(`#lab-latent?t=${text}`).state.number("t", 0, range), expected);
  });
}

test("a choice that does not exist is the fallback", () => {
  assert.equal(stateAt("#lab-latent?size=99").state.choice("size", ["64", "128"], "128"), "128");
  assert.equal(stateAt("#lab-latent?size=64").state.choice("size", ["64", "128"], "128"), "64");
});

test("percent below is the inverse of the quantiles", () => {
  const quantiles = Array.from({ length: 101 }, (_, i) => i ** 2);
  for (const percent of [1, 37, 50.5, 99]) {
    const low = Math.floor(percent) ** 2, high = Math.ceil(percent) ** 2;
    const error = low + (percent - Math.floor(percent)) * (high - low);
    assert.ok(Math.abs(percentBelow(quantiles, error) - percent) < 1e-9);
  }
  assert.equal(percentBelow(quantiles, -1), 0);
  assert.equal(percentBelow(quantiles, 10001), 100);
});

test("the words do not claim more than 99 %", () => {
  assert.match(describe(99.7), /99 %의 오차보다 큽니다/);
  assert.match(describe(0.3), /99 %의 오차보다 작습니다/);
  assert.match(describe(100), /가장 큰 오차보다도/);
  assert.match(describe(42.4), /42 %의 오차보다 큽니다/);
});
