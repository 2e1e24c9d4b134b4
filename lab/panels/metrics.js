"use strict";
// 실험실: 이미지를 일부러 망가뜨리며 MSE, PSNR, SSIM이 어떻게 움직이는지 봅니다.
aelab.panel({
  id: "metrics",
  title: "MSE와 PSNR",
  hint:
    "이미지를 조금씩 망가뜨리며 세 수를 봅니다. ‘밝기 25 dB’와 ‘잡음 25 dB’를 차례로 눌러 봅니다. " +
    "PSNR은 거의 같은데 보기에도 비슷합니까? SSIM은 둘을 구별합니까?",
  scripts: ["random.js", "metrics.js", "distortions.js"],

  async mount(root, context) {
    const { ui, metrics, distortions } = aelab;
    const { classes, labels, firstCount } = context.about;
    const images = await context.data.images(firstCount);
    if (context.signal.aborted) return;
    const SEED = 1; // 같은 설정이 언제나 같은 수를 내야 견줄 수 있습니다.

    /**
     * @typedef {object} Change 슬라이더 하나가 하는 일
     * @property {string} name 주소에 적을 이름
     * @property {string} label
     * @property {{min: number, max: number, step: number}} range
     * @property {(value: number) => string} format
     * @property {(image: Float32Array, value: number) => Float32Array} apply
     */

    /** 위에서부터 차례로 겁니다. @type {Change[]} */
    const changes = [
      {
        name: "brightness",
        label: "밝기",
        range: { min: -0.6, max: 0.6, step: 0.01 },
        format: (value) => (value > 0 ? "+" : "") + ui.number(value, 2),
        apply: distortions.brighten,
      },
      {
        name: "blur",
        label: "흐림(σ)",
        range: { min: 0, max: 3, step: 0.1 },
        format: (value) => `${ui.number(value, 1)}픽셀`,
        apply: distortions.blur,
      },
      {
        name: "shift",
        label: "이동",
        range: { min: 0, max: 8, step: 1 },
        format: (value) => `${value}픽셀`,
        apply: distortions.shift,
      },
      {
        name: "mask",
        label: "가림",
        range: { min: 0, max: aelab.codec.SIDE, step: 1 },
        format: (value) => `위쪽 ${value}줄`,
        apply: distortions.mask,
      },
      {
        name: "noise",
        label: "잡음(표준편차)",
        range: { min: 0, max: 0.6, step: 0.01 },
        format: (value) => ui.number(value, 2),
        apply: (image, value) => distortions.noise(image, value, SEED),
      },
    ];

    const named = (/** @type {number} */ index) => `${index}번 ${classes[labels[index]]}`;
    const first = context.state.number("image", 0, { min: 0, max: firstCount - 1, step: 1 });
    let originalName = named(first);
    /** @type {Float32Array} */
    let original = images.pixels(first);
    let changed = original;

    const picker = ui.imagePicker({
      label: "원본 고르기",
      images,
      count: firstCount,
      names: named,
      value: first,
      onPick(index) {
        originalName = named(index);
        original = images.pixels(index);
        context.state.outside = "";
        context.state.save({ image: index });
        draw();
      },
    });
    const photo = ui.photoButton({
      onPhoto(pixels) {
        originalName = "내 사진";
        context.state.outside = originalName;
        picker.value = -1;
        original = pixels;
        draw();
      },
    });

    const pictures = {
      original: ui.picture({ label: "원본" }),
      changed: ui.picture({ label: "바꾼 이미지" }),
      difference: ui.picture({ label: "차이의 크기(4배 밝게)" }),
      // 11×11 창이 온전히 들어가는 자리마다 값이 하나이므로 한 변이 22칸입니다.
      similarity: ui.picture({ label: "SSIM 지도", size: 22 }),
    };

    const redraw = ui.perFrame(draw);
    const sliders = changes.map(({ name, label, range, format }) =>
      ui.slider({
        label,
        ...range,
        value: context.state.number(name, 0, range),
        format,
        onInput(value) {
          context.state.save({ [name]: value || null });
          redraw();
        },
      }),
    );

    /** @param {Record<string, number>} setting 적지 않은 것은 0 */
    function set(setting) {
      changes.forEach(({ name }, i) => {
        sliders[i].value = setting[name] ?? 0;
        context.state.save({ [name]: setting[name] ?? null });
      });
      draw();
      context.announce(`${described()}. ${spoken()}`);
    }
    const presets = ui.row(
      ui.button("한 픽셀 이동", () => set({ shift: 1 })).element,
      ui.button("위쪽 절반 가림", () => set({ mask: 16 })).element,
      // 값의 폭이 2일 때 RMSE가 0.1125이면 25 dB입니다.
      ui.button("밝기 25 dB", () => set({ brightness: 0.11 })).element,
      ui.button("잡음 25 dB", () => set({ noise: 0.11 })).element,
      ui.button("처음으로", () => set({})).element,
    );

    const readings = ["MSE", "PSNR", "SSIM"].map((name) => {
      const value = ui.element("p", { class: "lab-value" });
      const label = ui.element("p", { class: "lab-label", text: name });
      return { element: ui.element("div", {}, label, value), value };
    });

    /** @type {string[][]} */
    const kept = [];
    const table = ui.table({
      head: ["원본", "바꾼 것", "MSE", "PSNR(dB)", "SSIM"],
      rows: kept,
      numbers: 2,
      caption: "적어 둔 값",
    });
    const keep = ui.button("지금 값을 표에 적기", () => {
      kept.push([originalName, described(), ...written()]);
      showTable();
      context.announce(`표에 적었습니다. 모두 ${kept.length}줄입니다.`);
    });
    const clear = ui.button("표 비우기", () => {
      kept.length = 0;
      showTable();
      context.announce("표를 비웠습니다.");
    });

    root.append(
      picker.element,
      photo.element,
      ui.element(
        "div",
        { class: "lab-four" },
        ...Object.values(pictures).map(({ element }) => element),
      ),
      ui.element("div", { class: "lab-readings" }, ...readings.map(({ element }) => element)),
      ui.element("div", { class: "lab-sliders" }, ...sliders.map(({ element }) => element)),
      presets,
      ui.row(keep.element, clear.element),
      table.element,
      ui.element("p", {
        class: "lab-note",
        text: 
          "값의 범위는 [-1, 1]이므로 밝기 0.11은 256단계의 14단계쯤입니다. " +
          "차이 그림은 밝을수록 차이가 크고, SSIM 지도는 밝을수록 비슷합니다.",
      }),
    );
    showTable();
    draw();

    function draw() {
      changed = changes.reduce(
        (image, { apply }, i) => (sliders[i].value ? apply(image, sliders[i].value) : image),
        original,
      );
      pictures.original.draw(original);
      pictures.changed.draw(changed);
      pictures.difference.drawDifference(original, changed);
      const map = metrics.ssimMap(inUnit(changed), inUnit(original), 1);
      pictures.similarity.drawPlane(map);
      const [mse, psnr, ssim] = written();
      [mse, `${psnr} dB`, ssim].forEach((text, i) => (readings[i].value.textContent = text));
    }

    function showTable() {
      table.rows = kept;
      table.element.hidden = kept.length === 0;
      clear.disabled = kept.length === 0;
    }

    /** 걸어 둔 변화를 글로. */
    function described() {
      const parts = changes.flatMap(({ label, format }, i) => {
        const { value } = sliders[i];
        // 표의 칸이 좁으므로 이름에서 괄호는 뗀다
        return value ? `${label.split("(")[0]} ${format(value)}` : [];
      });
      return parts.join(", ") || "그대로";
    }

    /** MSE, PSNR(dB), SSIM을 글로. */
    function written() {
      return [
        ui.significant(metrics.mse(changed, original)),
        ui.number(metrics.psnr(changed, original, 2), 2),
        ui.number(metrics.ssim(inUnit(changed), inUnit(original), 1), 4),
      ];
    }

    function spoken() {
      const [mse, psnr, ssim] = written();
      return `MSE ${mse}, PSNR ${psnr} dB, SSIM ${ssim}`;
    }

    /** SSIM은 음수가 섞이면 뜻이 사라지므로 [0, 1]로 옮겨 잽니다. @param {Float32Array} image */
    function inUnit(image) {
      return image.map((value) => Math.min(1, Math.max(0, (value + 1) / 2)));
    }
  },
});
