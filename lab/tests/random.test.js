const assert = require("node:assert/strict");
const { test } = require("node:test");
const { normal, uniform } = require("../random.js");

test("the same seed gives the same numbers, another seed others", () => {
  assert.deepEqual(normal(5, 7), normal(5, 7));
  assert.notDeepEqual(normal(5, 7), normal(5, 8));
});

test("uniform numbers fill [0, 1) evenly", () => {
  const next = uniform(3);
  const counts = new Array(10).fill(0);
  for (let i = 0; i < 20000; i++) counts[Math.floor(next() * 10)]++;
  assert.equal(counts.length, 10); // 1 이상이 나오면 칸이 늘어난다
  for (const count of counts) assert.ok(Math.abs(count - 2000) < 200, String(counts));
});

test("normal numbers have mean 0, variance 1 and normal tails", () => {
  const values = [...normal(20000, 5)];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const beyond = values.filter((value) => Math.abs(value) > 2).length / values.length;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.05 && Math.abs(beyond - 0.0455) < 0.008);
});
