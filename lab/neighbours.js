"use strict";
// 가장 가까운 이웃: 모든 거리를 재고 가까운 k개를 고릅니다. aelab/retrieval.py와 같은 차례입니다.
{
  /** @typedef {"euclidean" | "cosine"} Metric */

  /**
   * 모든 줄에서 줄들의 평균을 뺍니다. 코사인은 각을 재는 원점이 자료의 한가운데여야 뜻이 있고,
   * 유클리드 거리는 모두를 함께 옮겨도 그대로입니다.
   * @param {ArrayLike<number>} rows n줄을 이어 놓은 것
   * @param {number} size 한 줄의 길이
   * @returns {Float32Array}
   */
  function centred(rows, size) {
    const mean = new Float64Array(size);
    for (let from = 0; from < rows.length; from += size) {
      for (let i = 0; i < size; i++) mean[i] += rows[from + i];
    }
    const count = rows.length / size;
    for (let i = 0; i < size; i++) mean[i] /= count;
    const moved = new Float32Array(rows.length);
    for (let from = 0; from < rows.length; from += size) {
      for (let i = 0; i < size; i++) moved[from + i] = rows[from + i] - mean[i];
    }
    return moved;
  }

  /**
   * 줄마다의 길이 ‖b‖. 코사인 거리에서 질의가 바뀔 때마다 다시 재지 않으려고 따로 구합니다.
   * @param {Float32Array} rows
   * @param {number} size
   * @returns {Float64Array}
   */
  function norms(rows, size) {
    const lengths = new Float64Array(rows.length / size);
    for (let row = 0; row < lengths.length; row++) {
      let sum = 0;
      for (let i = row * size; i < (row + 1) * size; i++) sum += rows[i] * rows[i];
      lengths[row] = Math.sqrt(sum);
    }
    return lengths;
  }

  /**
   * `query`번째 줄에서 모든 줄까지의 거리.
   * @param {Float32Array} rows
   * @param {number} size 한 줄의 길이
   * @param {number} query
   * @param {Metric} metric "euclidean"은 유클리드 거리, "cosine"은 1 − 코사인
   * @param {Float64Array} [lengths] `norms`의 결과. 없으면 구합니다.
   * @returns {Float64Array}
   */
  function distances(rows, size, query, metric, lengths) {
    const measured = new Float64Array(rows.length / size);
    if (!(query >= 0 && query < measured.length)) {
      throw new RangeError(
        `0부터 ${measured.length - 1}까지의 번호를 기대했는데 ${query}이(가) 왔습니다.`,
      );
    }
    const start = query * size;
    if (metric === "euclidean") {
      for (let row = 0; row < measured.length; row++) {
        const from = row * size;
        let sum = 0;
        for (let i = 0; i < size; i++) {
          const difference = rows[start + i] - rows[from + i];
          sum += difference * difference;
        }
        measured[row] = Math.sqrt(sum);
      }
    } else if (metric === "cosine") {
      const length = lengths ?? norms(rows, size);
      for (let row = 0; row < measured.length; row++) {
        const from = row * size;
        let product = 0;
        for (let i = 0; i < size; i++) product += rows[start + i] * rows[from + i];
        const both = length[query] * length[row];
        // 영벡터에는 방향이 없으므로 가장 먼 것으로 둡니다.
        measured[row] = both === 0 ? Infinity : Math.max(0, 1 - product / both);
      }
    } else {
      throw new RangeError(
        `거리로 "euclidean" 또는 "cosine"을 기대했는데 "${metric}"이(가) 왔습니다.`,
      );
    }
    return measured;
  }

  /**
   * 가장 가까운 것부터 k개의 번호. 모두를 줄 세우지 않고 한 번 훑으면서 지금까지의 k개만 기억합니다.
   * 거리가 같으면 번호가 작은 것이 먼저입니다.
   * @param {Float64Array} measured
   * @param {number} k
   * @param {number} [except] 세지 않을 번호(질의 자신)
   * @returns {number[]}
   */
  function nearest(measured, k, except = -1) {
    /** @type {number[]} */
    const found = [];
    for (let row = 0; row < measured.length; row++) {
      if (row === except) continue;
      if (found.length === k && !(measured[row] < measured[found[k - 1]])) continue;
      let place = found.length;
      while (place > 0 && measured[row] < measured[found[place - 1]]) place--;
      found.splice(place, 0, row);
      if (found.length > k) found.pop();
    }
    return found;
  }

  const neighbours = { centred, norms, distances, nearest };
  globalThis.aelab = { ...globalThis.aelab, neighbours };
  if (typeof module !== "undefined") module.exports = neighbours;
}
