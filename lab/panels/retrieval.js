"use strict";
// 실험실: 같은 질의를 잠재 벡터와 픽셀로 찾아, 이웃이 어떻게 다른지 견줍니다.
aelab.panel({
  id: "retrieval",
  title: "검색",
  hint:
    "질의를 고르면 시험 이미지에서 가장 가까운 여덟 장을 두 가지 방법으로 찾습니다. 거리를 코사인으로 " +
    "바꾸면 이웃의 대비와 클래스가 어떻게 달라지는지 봅니다. 이웃을 누르면 그 이미지가 질의가 됩니다.",
  scripts: ["neighbours.js"],

  async mount(root, context) {
    const { ui, neighbours } = aelab;
    const { about, state } = context;
    const FOUND = 8;
    const { IMAGE } = aelab.codec;

    const [images, codes] = await Promise.all([
      context.data.images(about.imageCount),
      context.data.codes(about.mapLatentDim),
    ]);
    if (context.signal.aborted) return;
    const spaces = [
      space(`잠재 벡터(${codes.latentDim}차원)`, codes.values, codes.latentDim, 1),
      // 바이트 그대로 재어도 차례는 같습니다. 거리만 [-1, 1]의 단위로 옮깁니다.
      space(`픽셀(${IMAGE}차원)`, images.bytes, IMAGE, 1 / 127.5),
    ];

    let query = state.number("image", 0, { min: 0, max: about.imageCount - 1, step: 1 });
    /** @typedef {"euclidean" | "cosine"} Metric */
    let metric = /** @type {Metric} */ (
      state.choice("metric", ["euclidean", "cosine"], "euclidean")
    );

    const picker = ui.imagePicker({
      label: "질의 고르기",
      images,
      count: about.firstCount,
      names: named,
      value: query < about.firstCount ? query : -1,
      onPick: ask,
    });
    const random = ui.button("무작위로 고르기", () => ask(Math.floor(Math.random() * about.imageCount)));
    const metricChoice = ui.choice({
      label: "거리",
      options: [
        { value: "euclidean", label: "유클리드" },
        { value: "cosine", label: "코사인" },
      ],
      value: metric,
      onChange(next) {
        metric = /** @type {Metric} */ (next);
        state.save({ metric });
        draw();
      },
    });

    const shown = ui.picture({ label: "질의", scale: 112 });
    const rows = spaces.map(({ title }) => {
      const summary = ui.element("p", { class: "lab-caption" });
      const cards = Array.from({ length: FOUND }, card);
      const element = ui.element(
        "section",
        { class: "lab-found", "aria-label": title },
        ui.element("p", { class: "lab-label", text: title }),
        ui.element("div", { class: "lab-cards" }, ...cards.map(({ element }) => element)),
        summary,
      );
      return { element, cards, summary };
    });
    const both = ui.element("p", { class: "lab-note" });

    root.append(
      picker.element,
      ui.row(
        shown.element,
        ui.element("div", { class: "lab-controls" }, random.element, metricChoice.element),
      ),
      ...rows.map(({ element }) => element),
      both,
      ui.element("p", {
        class: "lab-note",
        text:
          `이미지 ${about.imageCount}장에서 찾습니다. ✓는 클래스가 질의와 같다는 표시입니다. ` +
          `대비는 값 ${IMAGE}개의 표준편차입니다. 코사인은 모든 이미지의 평균을 원점으로 하여 잽니다.`,
      }),
    );
    draw();

    /** @param {number} index */
    function ask(index) {
      query = index;
      picker.value = index < about.firstCount ? index : -1;
      state.save({ image: query });
      draw();
    }

    function draw() {
      shown.label = `질의: ${named(query)}`;
      shown.draw(images.pixels(query));
      const found = spaces.map(({ rows, size, lengths, unit }, which) => {
        const measured = neighbours.distances(rows, size, query, metric, lengths);
        const nearest = neighbours.nearest(measured, FOUND, query);
        nearest.forEach((index, rank) => {
          const distance = measured[index] * (metric === "euclidean" ? unit : 1);
          cards(which)[rank].show(index, rank, distance);
        });
        return nearest;
      });
      const told = found.map((nearest, which) => {
        const same = nearest.filter((index) => about.labels[index] === about.labels[query]).length;
        const average = nearest.reduce((sum, index) => sum + contrast(index), 0) / FOUND;
        rows[which].summary.textContent =
          `같은 클래스 ${same} / ${FOUND}, 이웃의 대비 평균 ${ui.number(average, 2)}` +
          ` (질의 ${ui.number(contrast(query), 2)})`;
        return `${spaces[which].title}: 같은 클래스 ${same}장`;
      });
      const shared = found[0].filter((index) => found[1].includes(index)).length;
      both.textContent = `두 방법이 함께 찾은 이미지는 ${FOUND}장 가운데 ${shared}장입니다.`;
      context.announce(`${named(query)}의 이웃. ${told.join(", ")}.`);
    }

    /** @param {number} which */
    function cards(which) {
      return rows[which].cards;
    }

    /**
     * 거리를 잴 준비가 된 표현 하나. 평균을 빼 두어야 코사인이 자료의 한가운데에서 각을 잽니다.
     * @param {string} title
     * @param {ArrayLike<number>} values
     * @param {number} size
     * @param {number} unit 거리에 곱할 단위
     */
    function space(title, values, size, unit) {
      const rows = neighbours.centred(values, size);
      return { title, rows, size, lengths: neighbours.norms(rows, size), unit };
    }

    /** @param {number} index */
    function named(index) {
      return `${index}번 ${about.classes[about.labels[index]]}`;
    }

    /** 값의 표준편차, [-1, 1]의 단위. @param {number} index */
    function contrast(index) {
      const pixels = images.pixels(index);
      const mean = pixels.reduce((sum, value) => sum + value, 0) / IMAGE;
      return Math.sqrt(pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / IMAGE);
    }

    /** 이웃 한 장: 누르면 질의가 됩니다. */
    function card() {
      const small = ui.thumbnail(images);
      // 눈으로는 그림과 두 줄의 글이면 되지만, 귀로는 몇 번째 이웃인지도 알아야 합니다.
      const place = ui.element("span", { class: "lab-hidden" });
      const name = ui.element("span", { class: "lab-card-name" });
      const same = ui.element("span", { class: "lab-hidden" });
      const distance = ui.element("span", { class: "lab-card-distance" });
      let shownIndex = 0;
      const element = ui.element(
        "button",
        { type: "button", class: "lab-card", onclick: () => ask(shownIndex) },
        small.canvas,
        place,
        name,
        same,
        distance,
      );
      return {
        element,
        /**
         * @param {number} index
         * @param {number} rank
         * @param {number} far 질의까지의 거리
         */
        show(index, rank, far) {
          shownIndex = index;
          small.show(index);
          const isSame = about.labels[index] === about.labels[query];
          place.textContent = `${rank + 1}번째 이웃 ${index}번`;
          name.textContent = about.classes[about.labels[index]] + (isSame ? " ✓" : "");
          same.textContent = isSame ? "(질의와 같은 클래스), 거리" : ", 거리";
          distance.textContent = ui.number(far, metric === "cosine" ? 3 : 2);
          element.dataset.index = String(index);
          element.classList.toggle("lab-same", isSame);
        },
      };
    }
  },
});
