"use strict";
// 분포 밖 그림: 사진이 아닌 것을 넣으면 무엇이 나오는가.
aelab.panel({
  id: "ood",
  title: "분포 밖 그림",
  hint: "무늬를 바꾸어 보고, 그 위에 그려도 보세요. 단색은 사진이 아닌데도 오차가 작습니다. 칸이 잔 체스판은 잡음보다도 못 그립니다. 왜 그럴까요?",
  scripts: ["metrics.js", "patterns.js", "random.js", "ranking.js"],

  async mount(root, context) {
    const { ui, metrics, patterns, random } = aelab;
    const { state, announce, signal, about, data } = context;
    const { SIDE, PLANE, toByte, fromByte } = aelab.codec;
    const sizeChoice = ui.sizeChoice({
      context,
      load: (latentDim) => data.model(latentDim),
      onChange(next) {
        model = next;
        render();
      },
    });
    let model = await data.model(sizeChoice.size);
    if (signal.aborted) return;

    /** 무늬마다 이름, 슬라이더 하나, 그리는 법. 슬라이더의 값은 무늬에 따라 뜻이 다르다. */
    const kinds = {
      constant: {
        label: "단색",
        slider: { label: "밝기", min: -1, max: 1, step: 0.05, value: 0 },
        format: (/** @type {number} */ v) => ui.number(v, 2),
        make: (/** @type {number} */ v) => patterns.constant([v, v, v]),
      },
      ramp: {
        label: "번지는 색",
        slider: { label: "파랑", min: -1, max: 1, step: 0.05, value: 0 },
        format: (/** @type {number} */ v) => ui.number(v, 2),
        make: patterns.ramp,
      },
      stripes: {
        label: "줄무늬",
        slider: { label: "줄 사이의 거리", min: 2, max: 32, step: 1, value: 8 },
        format: (/** @type {number} */ v) => `${v}픽셀`,
        make: (/** @type {number} */ v) => patterns.stripes(v, 0),
      },
      checkerboard: {
        label: "체스판 무늬",
        slider: { label: "칸의 한 변", min: 1, max: 16, step: 1, value: 4 },
        format: (/** @type {number} */ v) => `${v}픽셀`,
        make: patterns.checkerboard,
      },
      noise: {
        label: "잡음",
        slider: { label: "몇 번째 잡음", min: 1, max: 50, step: 1, value: 1 },
        format: (/** @type {number} */ v) => `${v}번`,
        make: (/** @type {number} */ v) => patterns.noise(random.uniform(v)),
      },
    };
    const names = /** @type {(keyof typeof kinds)[]} */ (Object.keys(kinds));
    let kind = /** @type {keyof typeof kinds} */ (state.choice("pattern", names, "checkerboard"));
    const range = () => kinds[kind].slider;
    let setting = state.number("value", range().value, range());

    /** @type {Float32Array} */
    let drawing;
    const board = ui.pixelCanvas({ label: "", width: SIDE, height: SIDE });
    const output = ui.picture({ label: "재구성", scale: 200 });
    const difference = ui.picture({ label: "차이의 크기(그대로)", scale: 200 });
    const rank = aelab.ranking.meter(about);
    const psnr = ui.element("p");
    /** 키보드로 그릴 때의 자리. 손가락이나 마우스로 그리면 감춘다. @type {{x: number, y: number} | null} */
    let cursor = null;

    const render = ui.perFrame(() => {
      for (let i = 0; i < PLANE; i++) {
        const color = [0, 1, 2].map((channel) => toByte(drawing[channel * PLANE + i]));
        const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
        const here = cursor !== null && cursor.x === x && cursor.y === y;
        // 붓이 있는 칸은 뒤집은 색으로 보인다
        board.put(x, y, here ? color.map((value) => (value < 128 ? 255 : 0)) : color);
      }
      board.paint();
      const restored = model.reconstruct(drawing);
      output.draw(restored);
      difference.drawDifference(restored, drawing, 1);
      const error = metrics.mse(restored, drawing);
      psnr.textContent = `PSNR은 ${ui.number(metrics.psnr(restored, drawing, 2), 2)} dB입니다.`;
      announce(rank.show(model.latentDim, error));
    });

    function fill() {
      drawing = kinds[kind].make(setting);
      state.outside = "";
      render();
    }

    const color = ui.element("input", { type: "color", value: "#e03131" });
    const width = ui.slider({
      label: "붓의 굵기",
      min: 1,
      max: 8,
      step: 1,
      value: 3,
      format: (value) => `${value}픽셀`,
      onInput() {},
    });

    /**
     * 붓을 한 번 댑니다.
     * @param {number} x 픽셀로 센 자리
     * @param {number} y
     */
    function dab(x, y) {
      const value = Number.parseInt(color.value.slice(1), 16);
      const paint = [value >> 16, (value >> 8) & 255, value & 255].map(fromByte);
      const radius = width.value / 2;
      state.outside = "그린 것";
      for (let i = 0; i < PLANE; i++) {
        const [column, line] = [i % SIDE, Math.floor(i / SIDE)];
        // 붓의 한가운데가 놓인 칸은 언제나 칠한다
        const inside = (column + 0.5 - x) ** 2 + (line + 0.5 - y) ** 2 <= radius ** 2;
        if (!inside && (column !== Math.floor(x) || line !== Math.floor(y))) continue;
        for (let channel = 0; channel < 3; channel++) drawing[channel * PLANE + i] = paint[channel];
      }
    }

    /** @type {{x: number, y: number} | null} */
    let previous = null;
    /** 앞의 자리에서 여기까지 끊기지 않게 칠합니다. @param {PointerEvent} event */
    function stroke(event) {
      const box = board.canvas.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * SIDE;
      const y = ((event.clientY - box.top) / box.height) * SIDE;
      const from = previous ?? { x, y };
      const count = Math.ceil(Math.max(Math.abs(x - from.x), Math.abs(y - from.y), 0.5) * 2);
      for (let i = 1; i <= count; i++) {
        dab(from.x + ((x - from.x) * i) / count, from.y + ((y - from.y) * i) / count);
      }
      previous = { x, y };
      cursor = null;
      render();
    }

    const { canvas } = board;
    canvas.tabIndex = 0;
    canvas.classList.add("lab-drawing");
    canvas.setAttribute("role", "application");
    canvas.setAttribute(
      "aria-label",
      "그림판 32×32. 화살표 키로 붓을 옮기고 스페이스바로 칠합니다.",
    );
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      previous = null;
      stroke(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) stroke(event);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
        event.key
      ];
      if (!step && event.key !== " ") return;
      event.preventDefault();
      const at = cursor ?? { x: 15, y: 15 };
      if (!step) dab(at.x + 0.5, at.y + 0.5);
      const [dx, dy] = step ?? [0, 0];
      cursor = {
        x: Math.min(SIDE - 1, Math.max(0, at.x + dx)),
        y: Math.min(SIDE - 1, Math.max(0, at.y + dy)),
      };
      render();
    });
    canvas.addEventListener("blur", () => {
      cursor = null;
      render();
    });

    const place = ui.element("div");
    function showSetting() {
      place.replaceChildren(
        ui.slider({
          ...range(),
          value: setting,
          format: kinds[kind].format,
          onInput(value) {
            setting = value;
            state.save({ value });
            fill();
          },
        }).element,
      );
    }

    const kindChoice = ui.choice({
      label: "무늬",
      options: names.map((value) => ({ value, label: kinds[value].label })),
      value: kind,
      onChange(value) {
        kind = /** @type {keyof typeof kinds} */ (value);
        setting = range().value;
        state.save({ pattern: kind, value: setting });
        showSetting();
        fill();
      },
    });

    showSetting();
    const figure = ui.element(
      "figure",
      { class: "lab-figure lab-board" },
      canvas,
      ui.element("figcaption", { text: "입력(여기에 그립니다)" }),
    );
    figure.style.setProperty("--lab-side", "200px");
    root.append(
      ui.columns(kindChoice.element, place),
      ui.columns(
        ui.element(
          "label",
          { class: "lab-toggle" },
          ui.element("span", { text: "붓의 색" }),
          color,
        ),
        width.element,
      ),
      ui.row(figure, output.element, difference.element),
      ui.row(ui.button("그린 것 지우기", fill).element),
      sizeChoice.element,
      psnr,
      rank.element,
    );
    fill();
  },
});
