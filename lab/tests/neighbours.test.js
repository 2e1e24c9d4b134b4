"use strict";
// 모두 줄 세우는 뻔한 방법과 견줍니다. LatentIndex와의 비교는 tests/test_lab_panels.py에 있습니다.
const assert = require("node:assert/strict");
const test = require("node:test");

const neighbours = require("../neighbours.js");
const random = require("../random.js");

const SIZE = 7;
const rows = random.normal(200 * SIZE, 1);
const row = (i) => Array.from(rows.subarray(i * SIZE, (i + 1) * SIZE));
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

test("distances follow their definitions", () => {
  const euclidean = neighbours.distances(rows, SIZE, 5, "euclidean");
  const cosine = neighbours.distances(rows, SIZE, 5, "cosine");
  for (let i = 0; i < 200; i++) {
    const difference = row(5).map((value, j) => value - row(i)[j]);
    assert.ok(Math.abs(euclidean[i] - Math.sqrt(dot(difference, difference))) < 1e-12);
    const angle = dot(row(5), row(i)) / Math.sqrt(dot(row(5), row(5)) * dot(row(i), row(i)));
    assert.ok(Math.abs(cosine[i] - (1 - angle)) < 1e-12);
  }
  const lengths = neighbours.norms(rows, SIZE);
  assert.deepEqual(neighbours.distances(rows, SIZE, 5, "cosine", lengths), cosine);
});

test("nearest equals a full sort without the query", () => {
  for (const metric of ["euclidean", "cosine"])
    for (let query = 0; query < 20; query++) {
      const measured = neighbours.distances(rows, SIZE, query, metric);
      const sorted = [...measured.keys()]
        .filter((i) => i !== query)
        .sort((a, b) => measured[a] - measured[b] || a - b);
      assert.deepEqual(neighbours.nearest(measured, 8, query), sorted.slice(0, 8));
    }
});

test("equal distances keep the smaller number first", () => {
  const measured = Float64Array.of(3, 1, 2, 1, 1, 0, 2);
  assert.deepEqual(neighbours.nearest(measured, 4), [5, 1, 3, 4]);
  assert.deepEqual(neighbours.nearest(measured, 5, 1), [5, 3, 4, 2, 6]);
  assert.deepEqual(neighbours.nearest(measured, 99).length, 7);
});

test("centring makes every column's mean zero and keeps Euclidean distances", () => {
  const moved = neighbours.centred(rows.map((value) => value + 3), SIZE);
  for (let column = 0; column < SIZE; column++) {
    let sum = 0;
    for (let i = column; i < moved.length; i += SIZE) sum += moved[i];
    assert.ok(Math.abs(sum / 200) < 1e-6);
  }
  const [before, after] = [rows, moved].map((r) => neighbours.distances(r, SIZE, 0, "euclidean"));
  before.forEach((value, i) => assert.ok(Math.abs(value - after[i]) < 1e-5));
});

test("a vector without a direction is never a cosine neighbour", () => {
  const few = Float32Array.of(1, 0, 0, 0, 1, 1);
  const measured = neighbours.distances(few, 2, 0, "cosine");
  assert.equal(measured[1], Infinity);
  assert.deepEqual(neighbours.nearest(measured, 1, 0), [2]);
});

test("an unknown distance and a query out of range are refused", () => {
  assert.throws(() => neighbours.distances(rows, SIZE, 0, "manhattan"), /"manhattan"/);
  assert.throws(() => neighbours.distances(rows, SIZE, 200, "cosine"), /0부터 199까지/);
});
