"use strict";
// 생성: 아무 데서나 뽑은 잠재 벡터와, 잠재 벡터의 분포에서 뽑은 것.
aelab.panel({
  id: "generation",
  title: "생성",
  hint: "같은 난수로 뽑은 두 묶음입니다. 위쪽은 표준정규분포에서 그대로, 아래쪽은 시험 이미지의 잠재 벡터에 맞춘 정규분포에서 뽑습니다. 흩어짐을 0까지 줄이면 묶음마다 여덟 장이 한 그림으로 모입니다.",
  scripts: ["random.js"],

  async mount(root, context) {
    const { ui, random } = aelab;
    const { state, announce, run, signal, data } = context;
    const COUNT = 8;
    const SEEDS = { min: 1, max: 9999, step: 1 };
    const SPREAD = { min: 0, max: 1.5, step: 0.05 };
    let seed = state.number("seed", 1, SEEDS);
    let spread = state.number("spread", 1, SPREAD);
    /** @param {number} latentDim */
    const load = (latentDim) => Promise.all([data.model(latentDim), data.gaussian(latentDim)]);
    const sizeChoice = ui.sizeChoice({
      context,
      load,
      onChange(loaded) {
        [model, gaussian] = loaded;
        return render();
      },
    });
    let [model, gaussian] = await load(sizeChoice.size);
    if (signal.aborted) return;

    /** @param {string} name */
    const pictures = (name) =>
      Array.from({ length: COUNT }, (_, i) => ui.picture({ label: `${name} ${i + 1}` }));
    const standard = { pictures: pictures("표준정규"), note: ui.element("p", { class: "lab-note" }) };
    const fitted = { pictures: pictures("맞춘 분포"), note: ui.element("p", { class: "lab-note" }) };

    /** @param {Float32Array} code */
    const norm = (code) => Math.sqrt(code.reduce((sum, value) => sum + value * value, 0));

    /** 잠재 벡터의 길이를 제곱해 평균한 것의 제곱근: |평균|² + 공분산의 대각합 */
    const typicalNorm = () => Math.hypot(norm(gaussian.mean), norm(gaussian.factor));

    /**
     * 평균 + factor · 잡음
     * @param {Float32Array} noise
     */
    function transform(noise) {
      const size = noise.length;
      return gaussian.mean.map((mean, i) => {
        let sum = mean;
        for (let j = 0; j < size; j++) sum += gaussian.factor[i * size + j] * noise[j];
        return sum;
      });
    }

    const inFrames = ui.inFrames(signal);
    /** 열여섯 장을 그리므로 프레임마다 나누고, 새로 부르면 앞의 것은 그만둔다. */
    async function render() {
      const size = model.latentDim;
      const noises = random.normal(COUNT * size, seed).map((value) => value * spread);
      const codes = Array.from({ length: COUNT }, (_, i) =>
        noises.subarray(i * size, (i + 1) * size),
      );
      const moved = codes.map(transform);
      for (const [group, drawn] of /** @type {const} */ ([[standard, codes], [fitted, moved]])) {
        const mean = drawn.reduce((sum, code) => sum + norm(code), 0) / COUNT;
        group.note.textContent = `잠재 벡터의 평균 길이 ${ui.number(mean, 1)} (시험 이미지는 ${ui.number(typicalNorm(), 1)} 안팎)`;
      }
      await inFrames(2 * COUNT, (i) => {
        const [group, drawn] = i % 2 ? [fitted, moved] : [standard, codes];
        group.pictures[i >> 1].draw(model.decode(drawn[i >> 1]));
      });
    }
    const redraw = () => run(render, ""); // 잠깐이므로 알리지 않는다

    const seedText = ui.element("span", { class: "lab-note" });
    function showSeed() {
      seedText.textContent = `씨앗 ${seed}`;
    }
    const again = ui.button("새로 뽑기", () => {
      seed = (seed % SEEDS.max) + 1;
      state.save({ seed });
      showSeed();
      redraw();
      announce(`씨앗 ${seed}의 난수로 새로 뽑았습니다.`);
    });
    const spreadSlider = ui.slider({
      label: "흩어짐(잡음에 곱하는 수)",
      ...SPREAD,
      value: spread,
      format: (value) => ui.number(value, 2),
      onInput(value) {
        spread = value;
        state.save({ spread });
        redraw();
      },
    });

    showSeed();
    root.append(
      sizeChoice.element,
      ui.columns(spreadSlider.element, ui.row(again.element, seedText)),
      ui.element("p", { class: "lab-label", text: "표준정규분포에서 뽑은 것" }),
      ui.element("div", { class: "lab-gallery lab-bare" }, ...standard.pictures.map((p) => p.element)),
      standard.note,
      ui.element("p", { class: "lab-label", text: "잠재 벡터에 맞춘 정규분포에서 뽑은 것" }),
      ui.element("div", { class: "lab-gallery lab-bare" }, ...fitted.pictures.map((p) => p.element)),
      fitted.note,
    );
    await render();
  },
});
