"use strict";
// 재구성 오차 하나가 시험 이미지의 오차들 사이에서 어디쯤인가.
{
  /**
   * 오차가 이보다 작은 시험 이미지의 비율(%). 분위수 사이는 직선으로 잇습니다.
   * @param {number[]} quantiles 0, 1, …, 100 %의 분위수
   * @param {number} error
   */
  function percentBelow(quantiles, error) {
    const last = quantiles.length - 1;
    const above = quantiles.findIndex((quantile) => quantile >= error);
    if (above < 0) return 100;
    if (above === 0) return 0;
    const low = quantiles[above - 1], high = quantiles[above];
    return ((above - 1 + (error - low) / (high - low)) / last) * 100;
  }

  /**
   * 비율을 말로. 양 끝은 이미지의 수가 적어 1 %보다 잘게 말하지 않습니다.
   * @param {number} percent
   */
  function describe(percent) {
    if (percent >= 100) return "시험 이미지의 가장 큰 오차보다도 큽니다";
    if (percent > 99) return "시험 이미지 99 %의 오차보다 큽니다";
    if (percent < 1) return "시험 이미지 99 %의 오차보다 작습니다";
    return `시험 이미지 ${Math.round(percent)} %의 오차보다 큽니다`;
  }

  /** 오차의 자리를 띠와 말로 보여 주는 조각. @param {Lab.About} about */
  function meter(about) {
    const { element, significant } = aelab.ui;
    const text = element("p");
    const bar = element("div", { class: "lab-rank", "aria-hidden": "true" });
    const note = 
      "막대의 자리는 오차의 순위입니다. " +
      `왼쪽 끝이 ${about.sourceName} 시험 이미지 ${about.imageCount}장의 가장 작은 오차, 오른쪽 끝이 가장 큰 오차입니다.`;
    return {
      element: element("div", {}, text, bar, element("p", { class: "lab-note", text: note })),
      /**
       * @param {number} latentDim
       * @param {number} error MSE
       */
      show(latentDim, error) {
        const percent = percentBelow(about.errors[latentDim], error);
        bar.style.setProperty("--lab-rank", String(percent));
        text.textContent = `이 오차(MSE ${significant(error)})는 ${describe(percent)}.`;
        return text.textContent;
      },
    };
  }

  const ranking = { percentBelow, describe, meter };
  globalThis.aelab = { ...globalThis.aelab, ranking };
  if (typeof module !== "undefined") module.exports = ranking;
}
