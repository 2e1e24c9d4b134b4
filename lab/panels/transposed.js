"use strict";
// 실험실: 전치 합성곱을 도장 하나씩 따라가며, 겹친 곳이 더해지는 것을 봅니다.
aelab.panel({
  id: "transposed",
  title: "전치 합성곱",
  hint:
    "입력의 칸마다 커널을 도장처럼 찍습니다. ‘다음’을 눌러 한 칸씩 따라가 봅니다. 그다음 커널을 4로 바꾸고 " +
    "‘닿은 횟수’를 봅니다. 체스판 무늬의 원인이 되는 고르지 않은 겹침이 사라집니까?",
  scripts: ["transposed.js"],

  async mount(root, context) {
    const { ui, transposed } = aelab;
    const { state } = context;

    const DIGITS = [1, 2, 3, 3, 1, 2, 1, 3, 2, 2, 1, 3, 3, 1, 2, 1];
    const PROFILES = [[], [1], [1, 1], [1, 2, 1], [1, 3, 3, 1]]; // 가로세로로 곱해 커널을 만듭니다
    /** @type {Record<string, (index: number) => number>} */
    const inputs = { digits: (index) => DIGITS[index], ones: () => 1 };
    /** @type {Record<string, (row: number, column: number, size: number) => number>} */
    const kernels = {
      tent: (row, column, size) => PROFILES[size][row] * PROFILES[size][column],
      ones: () => 1,
      count: (row, column, size) => row * size + column + 1,
    };

    /** 이 책의 디코더가 쓰는 설정에서 시작합니다. */
    const settings = {
      inputSize: whole("n", 3, 2, 4),
      kernelSize: whole("k", 3, 2, 4),
      stride: whole("s", 2, 1, 3),
      padding: whole("p", 1, 0, 2),
      outputPadding: whole("o", 1, 0, 2),
    };
    let input = state.choice("input", Object.keys(inputs), "digits");
    let kernel = state.choice("kernel", Object.keys(kernels), "tent");
    let shown = state.choice("show", ["values", "counts"], "values");
    mend();

    const controls = {
      inputSize: sizes("입력의 한 변", "inputSize", [2, 3, 4], "n"),
      kernelSize: sizes("커널의 한 변", "kernelSize", [2, 3, 4], "k"),
      stride: sizes("보폭", "stride", [1, 2, 3], "s"),
      padding: sizes("채움", "padding", [0, 1, 2], "p"),
      outputPadding: sizes("출력 채움", "outputPadding", [0, 1, 2], "o"),
    };
    const inputChoice = ui.choice({
      label: "입력의 값",
      options: [
        { value: "digits", label: "여러 값" },
        { value: "ones", label: "모두 1" },
      ],
      value: input,
      onChange(next) {
        input = next;
        state.save({ input });
        change();
      },
    });
    const kernelChoice = ui.choice({
      label: "커널의 값",
      options: [
        { value: "tent", label: "천막" },
        { value: "ones", label: "모두 1" },
        { value: "count", label: "1, 2, 3, …" },
      ],
      value: kernel,
      onChange(next) {
        kernel = next;
        state.save({ kernel });
        change();
      },
    });
    const shownChoice = ui.choice({
      label: "판에 적을 것",
      options: [
        { value: "values", label: "더한 값" },
        { value: "counts", label: "닿은 횟수" },
      ],
      value: shown,
      onChange(next) {
        shown = next;
        state.save({ show: shown });
        change();
      },
    });

    const stepSlider = ui.slider({
      label: "찍은 도장",
      min: 0,
      max: 16,
      step: 1,
      value: whole("step", 1, 0, 16),
      format: (value) => `${value} / ${settings.inputSize ** 2}`,
      onInput: (value) => go(value),
    });
    // 끝에 닿아도 단추를 끄지 않습니다. 끄면 키보드의 초점을 잃습니다.
    const steps = [
      ui.button("처음", () => go(0)),
      ui.button("이전", () => go(stepSlider.value - 1)),
      ui.button("다음", () => go(stepSlider.value + 1)),
      ui.button("끝", () => go(settings.inputSize ** 2)),
    ];

    const grids = {
      input: grid("입력"),
      kernel: grid("커널"),
      stamp: grid("입력의 값 × 커널"),
      board: grid("판"),
    };
    grids.input.element.classList.add("lab-source"); // 칸을 누르면 그 도장으로 갑니다.
    grids.input.svg.addEventListener("click", (event) => {
      const index = /** @type {Element} */ (event.target).getAttribute("data-index");
      if (index !== null) go(Number(index) + 1);
    });
    const note = ui.element("p", { class: "lab-note lab-warning", role: "status" });
    const formula = ui.element("p");
    const told = ui.element("p");
    const overlap = ui.element("p", { class: "lab-note" });

    const sources = [grids.input, grids.kernel, grids.stamp].map(({ element }) => element);
    root.append(
      ui.element(
        "div",
        { class: "lab-settings" },
        ...Object.values(controls).map(({ element }) => element),
      ),
      ui.row(inputChoice.element, kernelChoice.element, shownChoice.element),
      note,
      formula,
      ui.element("div", { class: "lab-buttons" }, ...steps.map(({ element }) => element)),
      stepSlider.element,
      ui.row(ui.element("div", { class: "lab-sources" }, ...sources), grids.board.element),
      told,
      ui.element("p", {
        class: "lab-note",
        text: "주황 상자는 방금 찍은 도장이고, 점선 안이 채움을 잘라 낸 뒤 남는 출력입니다. 점선 밖은 버립니다.",
      }),
      overlap,
    );
    draw();

    /** @param {number} step */
    function go(step) {
      stepSlider.value = Math.min(settings.inputSize ** 2, Math.max(0, step));
      state.save({ step: stepSlider.value });
      change();
    }

    /** 다시 그리고, 달라진 것을 알립니다. */
    function change() {
      draw();
      context.announce(told.textContent ?? "");
    }

    function draw() {
      const { inputSize: n, kernelSize: k, stride: s, padding: p, outputPadding: o } = settings;
      stepSlider.input.max = String(n * n);
      stepSlider.value = Math.min(stepSlider.value, n * n);
      const step = stepSlider.value;
      const values = Float64Array.from({ length: n * n }, (_, i) => inputs[input](i));
      const weights = Float64Array.from({ length: k * k }, (_, i) =>
        kernels[kernel](Math.floor(i / k), i % k, k),
      );
      const side = transposed.boardSize(settings);
      const size = transposed.outputSize(settings);
      const board = transposed.stampBoard(values, weights, settings, step);
      const finished = transposed.stampBoard(values, weights, settings);
      const index = step - 1; // 방금 찍은 입력의 칸. 아직이면 -1
      const row = Math.floor(index / n);
      const column = index % n;

      grids.input.draw(n, values, 4);
      grids.kernel.draw(k, weights, Math.max(...weights) * 1.5);
      const stamp = weights.map((weight) => weight * (step ? values[index] : 0));
      grids.stamp.draw(k, step ? stamp : Array(k * k).fill(null), Math.max(...weights) * 3);
      grids.stamp.label = step ? `도장 ${step} = ${values[index]} × 커널` : "도장";
      const numbers = shown === "values" ? board.values : board.counts;
      const most = Math.max(...(shown === "values" ? finished.values : finished.counts));
      const kept = { top: p, left: p, side: size };
      grids.board.draw(side, numbers, most, kept);
      const title = shown === "values" ? "판: 더한 값" : "판: 도장이 닿은 횟수";
      grids.board.label = `${title} (판 ${side}×${side}, 출력 ${size}×${size})`;
      grids.board.frame(kept, "lab-kept");
      if (step) {
        grids.input.frame({ top: row, left: column, side: 1 }, "lab-stamp");
        grids.stamp.frame({ top: 0, left: 0, side: k }, "lab-stamp");
        grids.board.frame({ top: row * s, left: column * s, side: k }, "lab-stamp");
      }

      formula.replaceChildren(
        "출력의 한 변 = (입력 − 1) × 보폭 − 2 × 채움 + 커널 + 출력 채움",
        ui.element("br"),
        `= (${n} − 1) × ${s} − 2 × ${p} + ${k} + ${o} = ${size}`,
      );
      told.textContent = tell(step, row, column, values[index], board.counts, side);
      overlap.textContent = explainOverlap();
    }

    /**
     * 지금의 도장을 말로.
     * @param {number} step
     * @param {number} row
     * @param {number} column
     * @param {number} value
     * @param {Uint16Array} counts
     * @param {number} side
     */
    function tell(step, row, column, value, counts, side) {
      if (step === 0) return "아직 찍지 않은 빈 판입니다. ‘다음’을 누릅니다.";
      const { kernelSize, stride, inputSize } = settings;
      const [top, left] = [row * stride, column * stride];
      let overlapped = 0;
      for (let i = 0; i < kernelSize ** 2; i++) {
        const at = (top + Math.floor(i / kernelSize)) * side + left + (i % kernelSize);
        if (counts[at] > 1) overlapped += 1;
      }
      const sum = overlapped ? `먼저 찍은 도장과 겹친 ${overlapped}칸에서는 값을 더합니다.` : "겹친 칸은 없습니다.";
      const done = step === inputSize ** 2 ? " 모두 찍었으므로 점선 안이 출력입니다." : "";
      return (
        `도장 ${step}: 입력 ${row + 1}행 ${column + 1}열의 값 ${value}에 커널을 곱해, ` +
        `판의 ${top + 1}행 ${left + 1}열부터 찍습니다. ${sum}${done}`
      );
    }

    /** 안쪽 칸이 고르게 겹치는지. 한 방향에서 닿는 도장의 수는 k ÷ s를 내리거나 올린 값입니다. */
    function explainOverlap() {
      const { kernelSize: k, stride: s } = settings;
      const [least, most] = [Math.floor(k / s), Math.ceil(k / s)];
      if (least === most) {
        return (
          `커널 ${k} ÷ 보폭 ${s}: 나누어떨어집니다. ` +
          (least === 1
            ? "도장이 서로 겹치지 않고, 칸마다 한 번씩만 닿습니다."
            : `입력이 넓으면 안쪽 칸에는 도장이 모두 ${least ** 2}번씩 닿습니다.`)
        );
      }
      const times = [least ** 2, least * most, most ** 2].filter((v, i, all) => all.indexOf(v) === i);
      const gap = least === 0 ? "도장이 닿지 않는 칸까지 생겨 " : "";
      return (
        `커널 ${k} ÷ 보폭 ${s}: 나누어떨어지지 않습니다. 안쪽 칸에 도장이 닿는 횟수가 ` +
        `${times.join(", ")}번으로 고르지 않고, ${gap}체스판 무늬가 생기기 쉽습니다.`
      );
    }

    /** 쓸 수 없는 설정을 쓸 수 있게 고치고, 무엇을 고쳤는지 말합니다. */
    function mend() {
      const mended = [];
      if (settings.outputPadding >= settings.stride) {
        settings.outputPadding = settings.stride - 1;
        mended.push(`출력 채움을 보폭보다 작은 값(${settings.outputPadding})으로 바꾸었습니다.`);
      }
      const { padding } = settings;
      while (transposed.outputSize(settings) < 1) settings.padding -= 1;
      if (settings.padding < padding) mended.push(`출력이 남도록 채움을 줄였습니다(${settings.padding}).`);
      return mended.join(" ");
    }

    /**
     * 설정 하나를 고르는 줄.
     * @param {string} label
     * @param {keyof typeof settings} name
     * @param {number[]} options
     * @param {string} letter 식에서 쓰는 글자. 주소에도 적습니다.
     */
    function sizes(label, name, options, letter) {
      return ui.choice({
        label,
        options: options.map((value) => ({ value: String(value), label: String(value) })),
        value: String(settings[name]),
        onChange(chosen) {
          settings[name] = Number(chosen);
          note.textContent = mend();
          controls.padding.value = String(settings.padding);
          controls.outputPadding.value = String(settings.outputPadding);
          state.save({ [letter]: settings[name], p: settings.padding, o: settings.outputPadding });
          change();
        },
      });
    }

    /**
     * @param {string} name
     * @param {number} fallback
     * @param {number} min
     * @param {number} max
     */
    function whole(name, fallback, min, max) {
      return state.number(name, fallback, { min, max, step: 1 });
    }

    /** 수를 적은 모눈 하나. 진할수록 큰 값입니다. @param {string} label */
    function grid(label) {
      const svg = shape("svg", { class: "lab-grid", role: "img" });
      const caption = ui.element("figcaption", { text: label });
      const element = ui.element("figure", { class: "lab-figure lab-grid-figure" }, svg, caption);
      return {
        svg,
        element,
        /** @param {string} text */
        set label(text) {
          caption.textContent = text;
        },
        /**
         * @param {number} side
         * @param {ArrayLike<number | null>} values null은 빈칸
         * @param {number} most 가장 진하게 칠할 값
         * @param {{top: number, left: number, side: number}} [kept] 이 밖은 흐리게
         */
        draw(side, values, most, kept = { top: 0, left: 0, side }) {
          svg.setAttribute("viewBox", `-0.06 -0.06 ${side + 0.12} ${side + 0.12}`);
          svg.style.setProperty("--lab-cells", String(side));
          const rows = Array.from({ length: side }, (_, row) =>
            Array.from(values).slice(row * side, (row + 1) * side).map((v) => v ?? "빈칸").join(" "),
          );
          svg.setAttribute("aria-label", `${caption.textContent}. ${rows.join(" / ")}`);
          svg.replaceChildren();
          for (let i = 0; i < side * side; i++) {
            const [x, y] = [i % side, Math.floor(i / side)];
            const value = values[i];
            const inside =
              x >= kept.left && x < kept.left + kept.side && y >= kept.top && y < kept.top + kept.side;
            const cell = shape("g", { class: inside ? "lab-cell" : "lab-cell lab-cut" });
            cell.append(
              shape("rect", { x, y, width: 1, height: 1, class: "lab-edge" }),
              shape("rect", {
                x,
                y,
                width: 1,
                height: 1,
                class: "lab-fill",
                "fill-opacity": (0.5 * (value ?? 0)) / most,
                "data-index": i,
              }),
            );
            if (value !== null) {
              const text = shape("text", { x: x + 0.5, y: y + 0.53 });
              text.textContent = value === 0 ? "·" : String(value);
              cell.append(text);
            }
            svg.append(cell);
          }
        },
        /**
         * @param {{top: number, left: number, side: number}} square
         * @param {string} name
         */
        frame({ top, left, side }, name) {
          svg.append(shape("rect", { x: left, y: top, width: side, height: side, class: name }));
        },
      };
    }

    /**
     * @template {keyof SVGElementTagNameMap} Tag
     * @param {Tag} tag
     * @param {Record<string, string | number>} attributes
     */
    function shape(tag, attributes) {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
      return made;
    }
  },
});
