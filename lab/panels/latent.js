"use strict";
// 잠재공간: 잠재 벡터를 한 방향으로 밀고, 두 잠재 벡터 사이를 잇는다.
aelab.panel({
  id: "latent",
  title: "잠재공간",
  hint: "첫 방향부터 하나씩 끝까지 밀어 보세요. 앞쪽 방향일수록 밝기나 배경처럼 큰 것을 한꺼번에 바꿉니다. 아래에서는 두 그림 사이를 이어 봅니다.",
  scripts: [],

  async mount(root, context) {
    const { ui } = aelab;
    const { state, announce, run, signal, about, data } = context;
    const MOVE = { min: -3, max: 3, step: 0.05 }; // 표준편차의 몇 배
    const MIX = { min: 0, max: 1, step: 0.01 };
    const IMAGES = { min: 0, max: about.firstCount - 1, step: 1 };
    const chosen = { a: state.number("a", 0, IMAGES), b: state.number("b", 1, IMAGES) };
    let fraction = state.number("t", 0.5, MIX);
    /** @param {number} latentDim */
    const load = (latentDim) => Promise.all([data.model(latentDim), data.directions(latentDim)]);
    const sizeChoice = ui.sizeChoice({
      context,
      load,
      onChange(loaded) {
        [model, spread] = loaded;
        renderAll();
      },
    });
    const images = await data.images(about.firstCount);
    let [model, spread] = await load(sizeChoice.size);
    if (signal.aborted) return;

    /** 방향마다 민 거리(표준편차의 몇 배) */
    const moves = spread.directions.map((_, k) => state.number(`p${k + 1}`, 0, MOVE));

    const start = ui.picture({ label: "그림 A의 재구성" });
    const moved = ui.picture({ label: "방향을 따라 민 것" });
    const change = ui.picture({ label: "달라진 곳(그대로)" });
    const steps = Array.from({ length: 7 }, (_, i) =>
      ui.picture({ label: `${ui.number(i - 3, 0)}σ` }),
    );
    const stepsTitle = ui.element("p", { class: "lab-label" });
    const ends = { a: ui.picture({ label: "그림 A" }), b: ui.picture({ label: "그림 B" }) };
    const between = ui.picture({ label: "잠재 벡터를 이은 것" });
    const faded = ui.picture({ label: "픽셀을 겹친 것" });

    /** @type {{a: Float32Array, b: Float32Array}} */
    let codes = { a: new Float32Array(), b: new Float32Array() };
    /** 그림 A의 재구성 @type {Float32Array} */
    let before;
    let direction = Math.max(0, moves.findIndex((move) => move !== 0));

    /**
     * 그림 A의 잠재 벡터를 방향마다 밉니다.
     * @param {number[]} amounts 표준편차의 몇 배
     */
    function shifted(amounts) {
      const code = Float32Array.from(codes.a);
      amounts.forEach((amount, k) => {
        const unit = spread.directions[k];
        for (let j = 0; j < code.length; j++) code[j] += amount * spread.scales[k] * unit[j];
      });
      return code;
    }

    const renderMove = ui.perFrame(() => {
      const after = model.decode(shifted(moves));
      moved.draw(after);
      change.drawDifference(after, before, 1);
    });

    const inFrames = ui.inFrames(signal);
    /** 고른 방향 하나만 −3σ부터 3σ까지 */
    function renderSteps() {
      stepsTitle.textContent = `${direction + 1}번째 방향만 −3σ에서 3σ까지`;
      run(
        () =>
          inFrames(steps.length, (i) => {
            const amounts = moves.map((_, k) => (k === direction ? i - 3 : 0));
            steps[i].draw(model.decode(shifted(amounts)));
          }),
        "",
      );
    }

    const renderBetween = ui.perFrame(() => {
      const [a, b] = [images.pixels(chosen.a), images.pixels(chosen.b)];
      /** @type {(from: Float32Array, to: Float32Array) => Float32Array} */
      const mix = (from, to) => from.map((value, i) => value + fraction * (to[i] - value));
      ends.a.draw(a);
      ends.b.draw(b);
      between.draw(model.decode(mix(codes.a, codes.b)));
      faded.draw(mix(a, b));
    });

    function renderAll() {
      codes = { a: model.encode(images.pixels(chosen.a)), b: model.encode(images.pixels(chosen.b)) };
      before = model.decode(codes.a);
      start.draw(before);
      renderMove();
      renderSteps();
      renderBetween();
    }

    const sliders = moves.map((move, k) =>
      ui.slider({
        label: `${k + 1}번째 방향`,
        ...MOVE,
        value: move,
        format: (value) => `${ui.number(value, 2)}σ`,
        onInput(value) {
          moves[k] = value;
          state.save({ [`p${k + 1}`]: value || null });
          renderMove();
          if (direction === k) return;
          direction = k;
          renderSteps();
        },
      }),
    );
    const reset = ui.button("방향을 모두 0으로", () => {
      moves.fill(0);
      state.save(Object.fromEntries(moves.map((_, k) => [`p${k + 1}`, null])));
      for (const slider of sliders) slider.value = 0;
      renderMove();
      announce("모든 방향을 0으로 되돌렸습니다.");
    });

    const mixing = ui.slider({
      label: "A에서 B로",
      ...MIX,
      value: fraction,
      format: (value) => `${ui.number(100 * value, 0)} %`,
      onInput(value) {
        fraction = value;
        state.save({ t: value });
        renderBetween();
      },
    });

    /** @param {"a" | "b"} which */
    const picker = (which) =>
      ui.imagePicker({
        label: `그림 ${which.toUpperCase()}`,
        images,
        count: images.count,
        names: (i) => `${i}번, ${about.classes[about.labels[i]]}`,
        value: chosen[which],
        onPick(index) {
          chosen[which] = index;
          state.save({ [which]: index });
          renderAll();
        },
      }).element;

    root.append(
      sizeChoice.element,
      picker("a"),
      ui.element("div", { class: "lab-gallery lab-three" }, start.element, moved.element, change.element),
      ui.element("div", { class: "lab-sliders" }, ...sliders.map((slider) => slider.element)),
      ui.row(reset.element),
      ui.element("div", {}, stepsTitle, ui.element("div", { class: "lab-gallery" }, ...steps.map((step) => step.element))),
      ui.element("p", {
        class: "lab-note",
        text: `방향은 시험 이미지 ${about.imageCount}장의 잠재 벡터에서 구한 주성분이고, σ는 그 방향으로 흩어진 표준편차입니다.`,
      }),
      ui.element("p", { class: "lab-heading", text: "두 그림 사이" }),
      picker("b"),
      mixing.element,
      ui.element("div", { class: "lab-gallery lab-wide" }, ends.a.element, between.element, faded.element, ends.b.element),
    );
    renderAll();
  },
});
