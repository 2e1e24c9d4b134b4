"use strict";
// 재구성: 이미지 한 장이 병목을 지나면 무엇이 남고 무엇이 사라지는가.
aelab.panel({
  id: "reconstruction",
  title: "재구성",
  hint: "이미지와 잠재 차원을 바꾸며 차이 그림에서 밝은 곳을 찾아보세요. 가장자리와 잔무늬가 먼저 사라집니다.",
  scripts: ["metrics.js", "ranking.js"],

  async mount(root, context) {
    const { ui, metrics } = aelab;
    const { state, announce, run, signal, about, latentDims, data } = context;
    const { IMAGE } = aelab.codec;
    const sizeChoice = ui.sizeChoice({
      context,
      load: (latentDim) => data.model(latentDim),
      onChange(next) {
        model = next;
        render();
      },
    });
    const chosen = state.number("image", 0, { min: 0, max: about.firstCount - 1, step: 1 });
    const [images, first] = await Promise.all([
      data.images(about.firstCount),
      data.model(sizeChoice.size),
    ]);
    if (signal.aborted) return;
    let model = first;
    /** @type {Float32Array} */
    let pixels = images.pixels(chosen);

    const input = ui.picture({ label: "입력" });
    const output = ui.picture({ label: "재구성" });
    const difference = ui.picture({ label: "차이의 크기(4배 밝게)" });
    const numbers = ui.element("p");
    const rank = aelab.ranking.meter(about);
    /** 크기마다의 재구성 */
    const gallery = ui.element("div", { class: "lab-gallery" });
    const compare = ui.button("", () => {
      state.save({ all: 1 });
      run(compareAll);
    });
    function showCost() {
      const others = latentDims.filter((dim) => dim !== model.latentDim);
      const bytes = others.reduce((sum, dim) => sum + about.weightBytes[dim], 0);
      compare.element.textContent =
        `잠재 차원 ${latentDims.length}가지를 나란히(약 ${ui.number(bytes / 1e6, 0)} MB를 받습니다)`;
    }

    function render() {
      const size = model.latentDim;
      const restored = model.reconstruct(pixels);
      input.draw(pixels);
      output.draw(restored);
      output.label = `재구성(${size}차원)`;
      difference.drawDifference(restored, pixels);
      const error = metrics.mse(restored, pixels);
      const kept = ui.number(IMAGE / size, 0);
      numbers.textContent =
        `수 ${IMAGE}개를 ${size}개(${kept}분의 1)로 줄였다가 되돌렸습니다. ` +
        `PSNR은 ${ui.number(metrics.psnr(restored, pixels, 2), 2)} dB입니다.`;
      announce(`${size}차원. ${rank.show(size, error)}`);
      showCost();
    }

    async function compareAll() {
      const models = await Promise.all(latentDims.map((dim) => data.model(dim)));
      if (signal.aborted) return;
      gallery.replaceChildren(
        ...models.map((other) => {
          const restored = other.reconstruct(pixels);
          const psnr = ui.number(metrics.psnr(restored, pixels, 2), 2);
          const shown = ui.picture({ label: `${other.latentDim}차원, ${psnr} dB` });
          shown.draw(restored);
          return shown.element;
        }),
      );
      compare.element.hidden = true;
    }

    async function show() {
      render();
      if (state.text("all", "0") === "1") await compareAll();
    }

    const picker = ui.imagePicker({
      label: `${about.sourceName}의 시험 이미지`,
      images,
      count: images.count,
      names: (i) => `${i}번, ${about.classes[about.labels[i]]}`,
      value: chosen,
      onPick(index) {
        pixels = images.pixels(index);
        state.outside = "";
        state.save({ image: index });
        run(show);
      },
    });
    const photo = ui.photoButton({
      target: root,
      onPhoto(next) {
        pixels = next;
        state.outside = "내 사진";
        picker.value = -1;
        run(show);
      },
    });

    root.append(
      ui.element(
        "div",
        { class: "lab-gallery lab-three" },
        input.element,
        output.element,
        difference.element,
      ),
      sizeChoice.element,
      numbers,
      rank.element,
      picker.element,
      photo.element,
      ui.row(compare.element),
      gallery,
    );
    await show();
  },
});
