const assert = require("node:assert/strict");
const { test } = require("node:test");
require("../codec.js");
const { number, significant } = require("../dom.js");

for (const [value, text] of [
  [0, "0"],
  [0.0000163, "0.0000163"],
  [0.00001234, "0.0000123"],
  [0.01, "0.0100"],
  [0.8719, "0.872"],
  [0.9999, "1.00"],
  [1.066, "1.07"],
  [12.34, "12.3"],
  [1234, "1230"],
]) {
  test(`${value} with three significant digits is ${text}`, () => {
    assert.equal(significant(value), text);
  });
}

for (const [value, digits, text] of [
  [-0.5, 2, "−0.50"],
  [-0.001, 2, "0.00"],
  [Infinity, 2, "∞"],
  [-Infinity, 2, "−∞"],
  [NaN, 2, "—"],
]) {
  test(`${value} with ${digits} digits is ${text}`, () => {
    assert.equal(number(value, digits), text);
  });
}
