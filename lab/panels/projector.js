"use strict";
// 실험실: 잠재 벡터의 지도를 옮기고 키우며, 지도의 이웃과 진짜 이웃이 얼마나 다른지 봅니다.
aelab.panel({
  id: "projector",
  title: "프로젝터",
  hint:
    "점 하나가 이미지 한 장입니다. 끌어서 옮기고, 지도를 한 번 누른 뒤 휠이나 두 손가락으로 키웁니다. " +
    "‘진짜 이웃 잇기’를 켜고 점을 고르면 잠재공간에서 가장 가까운 여덟 장에 선이 이어집니다. 선이 짧습니까?",
  scripts: ["neighbours.js"],

  async mount(root, context) {
    const { ui, neighbours } = aelab;
    const { about, state, signal } = context;
    const { SIDE } = aelab.codec;
    const FOUND = 8;
    const [LEAST, MOST] = [0.7, 40]; // 배율
    const REACH = 22; // 가리킨 곳에서 이만큼(CSS 픽셀) 안의 점을 고릅니다.
    const TURN = 500; // 밀리초. 지도가 바뀔 때 점이 옮겨 가는 시간
    // 색과 모양이 함께 다르므로 색을 구별하지 못해도 클래스를 알아볼 수 있습니다.
    const COLORS = "#0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9 #8a8a8a".split(" ");
    const LINE = "#d55e00"; // 이웃을 잇는 선. 밝은 바탕과 어두운 바탕에서 모두 보인다
    // 반지름 1 안에 그린 모양. 채우지 않고 테두리만 그리는 것도 있습니다.
    const SHAPES = [
      { path: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0" }, // 동그라미
      { path: "M-.85-.85H.85V.85H-.85Z" }, // 네모
      { path: "M0-1L1 .8H-1Z" }, // 세모
      { path: "M0-1.1L.9 0L0 1.1L-.9 0Z" }, // 마름모
      { path: "M-.35-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z" }, // 더하기
      { path: "M0 1L-1-.8H1Z" }, // 거꾸로 선 세모
      { path: "M.8 0A.8.8 0 1 1-.8 0A.8.8 0 1 1 .8 0", hollow: true },
      { path: "M-.7-.7H.7V.7H-.7Z", hollow: true },
      { path: "M-.8-.8L.8.8M.8-.8L-.8.8", hollow: true }, // 곱하기
      { path: "M0-1.15L.27-.37L1.09-.36L.44.14L.68.93L0 .46L-.68.93L-.44.14L-1.09-.36L-.27-.37Z" }, // 별
    ];

    const [images, maps] = await Promise.all([
      context.data.images(about.imageCount),
      context.data.map(),
    ]);
    if (signal.aborted) return;
    const { count } = maps;

    let mapName = state.choice("map", ["pca", "tsne"], "pca");
    let marks = state.choice("marks", ["points", "pictures"], "points");
    let linked = state.choice("link", ["0", "1"], "0") === "1";
    const view = {
      x: state.number("x", 0, { min: -1, max: 1 }),
      y: state.number("y", 0, { min: -1, max: 1 }),
      zoom: state.number("zoom", 1, { min: LEAST, max: MOST }),
    };
    const asked = state.number("point", -1, { min: -1, max: Number.MAX_SAFE_INTEGER, step: 1 });
    let selected = asked < count ? asked : -1; // 없는 점을 가리키는 주소
    let pointed = -1; // 포인터 아래의 점. 누르면 selected가 됩니다.
    /** 고른 클래스. 비어 있으면 모두 보입니다. @type {Set<number>} */
    const highlighted = new Set(
      state
        .text("class", "")
        .split("-")
        .filter(Boolean)
        .map(Number)
        .filter((/** @type {number} */ label) => about.classes[label] !== undefined),
    );
    /** 키보드로 옮기는 십자의 자리(CSS 픽셀). 키보드를 쓸 때만 보입니다. @type {{x: number, y: number} | null} */
    let cursor = null;
    /** @type {{latentDim: number, values: Float32Array} | null} */
    let codes = null;

    const positions = Float32Array.from(target());
    let reach = extent();
    let [width, height] = [1, 1]; // 화면에 놓이면 잽니다.
    const redraw = ui.perFrame(draw);

    const canvas = ui.element("canvas", {
      class: "lab-map",
      tabindex: "0",
      role: "application",
      "aria-label":
        `이미지 ${count}장의 지도. 화살표 키로 십자를 옮기면 가장 가까운 점을 고릅니다. ` +
        "더하기와 빼기로 키우고 줄이며, 0은 전체 보기입니다.",
    });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const sheet = pictureSheet();
    const stampsOf = markers();

    const mapChoice = ui.choice({
      label: "지도",
      options: [
        { value: "pca", label: "PCA" },
        { value: "tsne", label: "t-SNE" },
      ],
      value: mapName,
      onChange(next) {
        mapName = next;
        state.save({ map: mapName });
        Object.assign(view, { x: 0, y: 0, zoom: 1 });
        saveView();
        turn();
        describe();
      },
    });
    const marksChoice = ui.choice({
      label: "그릴 것",
      options: [
        { value: "points", label: "점" },
        { value: "pictures", label: "작은 그림" },
      ],
      value: marks,
      onChange(next) {
        marks = next;
        state.save({ marks });
        redraw();
      },
    });
    const link = ui.toggle({
      label: "진짜 이웃 잇기",
      checked: linked,
      onChange(checked) {
        linked = checked;
        state.save({ link: linked ? "1" : null });
        loadCodes();
      },
    });

    const picture = ui.picture({ label: "점을 가리키거나 누르면 그 이미지가 여기에 나옵니다", scale: 128 });
    const kept = ui.element("p", { class: "lab-caption" });
    const meaning = ui.element("p", { class: "lab-note" });
    const legend = about.classes.map(legendItem);
    const everything = ui.button("모두 보기", () => {
      highlighted.clear();
      changeLegend();
    });

    root.append(
      ui.row(mapChoice.element, marksChoice.element, link.element),
      ui.element(
        "div",
        { class: "lab-projector" },
        ui.element(
          "div",
          { class: "lab-map-box" },
          canvas,
          ui.element(
            "div",
            { class: "lab-buttons" },
            named("확대", "＋", () => zoomAt(1.5, width / 2, height / 2)),
            named("축소", "－", () => zoomAt(1 / 1.5, width / 2, height / 2)),
            ui.button("전체 보기", fit).element,
          ),
        ),
        ui.element("div", { class: "lab-map-side", "aria-live": "off" }, picture.element, kept),
      ),
      ui.element(
        "div",
        { class: "lab-legend", role: "group", "aria-label": "클래스" },
        ...legend.map(({ element }) => element),
        everything.element,
      ),
      meaning,
    );
    showLegend();
    describe();
    await loadCodes();
    listen();

    /** 지금 고른 지도의 좌표. */
    function target() {
      return mapName === "pca" ? maps.pca : maps.tsne;
    }

    /** 가운데에서 가장 먼 점까지의 가로와 세로. */
    function extent() {
      const far = { x: 0, y: 0 };
      for (let i = 0; i < count; i++) {
        far.x = Math.max(far.x, Math.abs(positions[2 * i]));
        far.y = Math.max(far.y, Math.abs(positions[2 * i + 1]));
      }
      return far;
    }

    /** 지도의 좌표 1이 몇 CSS 픽셀인지. 거리가 일그러지지 않게 가로와 세로의 비율은 같습니다. */
    function scale() {
      return view.zoom * 0.47 * Math.min(width / reach.x, height / reach.y);
    }

    /** @param {number} index */
    function screenX(index) {
      return width / 2 + (positions[2 * index] - view.x) * scale();
    }

    /** 지도의 y는 위로 커집니다. @param {number} index */
    function screenY(index) {
      return height / 2 - (positions[2 * index + 1] - view.y) * scale();
    }

    /** @param {number} index */
    function visible(index) {
      return highlighted.size === 0 || highlighted.has(about.labels[index]);
    }

    function draw() {
      if (signal.aborted) return;
      const ratio = devicePixelRatio;
      const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
      // 크기를 다시 적으면 캔버스가 지워지므로 달라졌을 때만 적습니다.
      if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
        [canvas.width, canvas.height] = [pixelWidth, pixelHeight];
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, width, height);
      const size = Math.min(18, 8 * Math.sqrt(view.zoom));
      const side = Math.min(64, 18 * Math.sqrt(view.zoom));
      const stamps = stampsOf(size, ratio);
      const margin = marks === "points" ? size : side;
      for (const shown of [false, true]) {
        pen.globalAlpha = shown ? (marks === "points" ? 0.8 : 1) : 0.12;
        for (let i = 0; i < count; i++) {
          if (visible(i) !== shown) continue;
          const [x, y] = [screenX(i), screenY(i)];
          if (x < -margin || y < -margin || x > width + margin || y > height + margin) continue;
          if (marks === "points") {
            pen.drawImage(stamps[about.labels[i]], x - size, y - size, 2 * size, 2 * size);
          } else {
            drawPicture(i, x, y, side);
          }
        }
      }
      pen.globalAlpha = 1;
      drawSelection(Math.max(28, side));
    }

    /** @param {number} side */
    function drawSelection(side) {
      const { color: ink, backgroundColor: paper } = getComputedStyle(canvas);
      const shown = pointed >= 0 ? pointed : selected;
      if (shown >= 0) {
        const [x, y] = [screenX(shown), screenY(shown)];
        if (linked && codes) {
          const near = latentNeighbours(shown);
          for (const index of near) drawPicture(index, screenX(index), screenY(index), side * 0.7);
          drawPicture(shown, x, y, side);
          pen.beginPath(); // 가까운 이웃의 선도 보이게 그림 위에 긋는다
          for (const index of near) {
            pen.moveTo(x, y);
            pen.lineTo(screenX(index), screenY(index));
          }
          outline(LINE, paper);
        } else {
          drawPicture(shown, x, y, side);
        }
        pen.lineWidth = 2;
        pen.strokeStyle = ink;
        pen.strokeRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
      }
      if (cursor) {
        pen.beginPath();
        pen.moveTo(cursor.x - 12, cursor.y);
        pen.lineTo(cursor.x + 12, cursor.y);
        pen.moveTo(cursor.x, cursor.y - 12);
        pen.lineTo(cursor.x, cursor.y + 12);
        outline(ink, paper);
      }
    }

    /**
     * 그림 위에서도 보이게, 바탕색의 굵은 선 위에 글자색의 가는 선을 긋습니다.
     * @param {string} ink
     * @param {string} paper
     */
    function outline(ink, paper) {
      pen.strokeStyle = paper;
      pen.lineWidth = 4;
      pen.stroke();
      pen.strokeStyle = ink;
      pen.lineWidth = 1.5;
      pen.stroke();
    }

    /**
     * @param {number} index
     * @param {number} x
     * @param {number} y
     * @param {number} side
     */
    function drawPicture(index, x, y, side) {
      pen.imageSmoothingEnabled = side * devicePixelRatio < SIDE; // 키울 때는 픽셀을 그대로
      const [column, row] = [index % sheet.columns, Math.floor(index / sheet.columns)];
      const [left, top] = [x - side / 2, y - side / 2];
      pen.drawImage(sheet.canvas, SIDE * column, SIDE * row, SIDE, SIDE, left, top, side, side);
    }

    /** 모든 이미지를 바둑판처럼 모은 그림. 점마다 캔버스를 두는 것보다 훨씬 빠르게 그립니다. */
    function pictureSheet() {
      const columns = Math.ceil(Math.sqrt(count));
      const side = SIDE * columns;
      const made = ui.pixelCanvas({ label: "", width: side, height: side });
      for (let index = 0; index < count; index++) {
        images.paint(index, made, SIDE * (index % columns), SIDE * Math.floor(index / columns));
      }
      made.paint();
      return { canvas: made.canvas, columns };
    }

    /** 클래스의 표시를 한 번 그려 둔 작은 캔버스. 크기가 바뀌면 다시 그립니다. */
    function markers() {
      let key = "";
      /** @type {HTMLCanvasElement[]} */
      let made = [];
      return (/** @type {number} */ size, /** @type {number} */ ratio) => {
        if (key !== `${size} ${ratio}`) {
          key = `${size} ${ratio}`;
          made = about.classes.map((_, label) => drawMarker(label, size, ratio));
        }
        return made;
      };
    }

    /**
     * @param {number} label
     * @param {number} size 반지름이 들어갈 CSS 픽셀
     * @param {number} ratio
     */
    function drawMarker(label, size, ratio) {
      const side = Math.ceil(2 * size * ratio);
      const made = ui.element("canvas", { width: side, height: side, "aria-hidden": "true" });
      const brush = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
      brush.translate(side / 2, side / 2);
      brush.scale((size * ratio) / 2, (size * ratio) / 2);
      brush.fillStyle = brush.strokeStyle = COLORS[label % COLORS.length];
      const path = new Path2D(SHAPES[label % SHAPES.length].path);
      brush.lineWidth = 0.45;
      if (SHAPES[label % SHAPES.length].hollow) brush.stroke(path);
      else brush.fill(path);
      return made;
    }

    /**
     * @param {string} label
     * @param {string} text
     * @param {() => void} onClick
     */
    function named(label, text, onClick) {
      const { element } = ui.button(text, onClick);
      element.setAttribute("aria-label", label);
      return element;
    }

    /**
     * @param {string} name
     * @param {number} label
     */
    function legendItem(name, label) {
      const icon = drawMarker(label, 9, 2);
      icon.style.width = icon.style.height = "18px";
      const element = ui.element(
        "button",
        { type: "button", class: "lab-legend-item" },
        icon,
        ui.element("span", { text: name }),
      );
      element.addEventListener("click", () => {
        if (!highlighted.delete(label)) highlighted.add(label);
        changeLegend();
      });
      return { element, label };
    }

    function changeLegend() {
      state.save({ class: [...highlighted].sort((a, b) => a - b).join("-") || null });
      showLegend();
    }

    function showLegend() {
      for (const { element, label } of legend) {
        element.setAttribute("aria-pressed", String(highlighted.has(label)));
      }
      everything.disabled = highlighted.size === 0;
      redraw();
    }

    /** 점들을 새 지도의 자리로 옮깁니다. 같은 점이 어디로 가는지 눈으로 따라갈 수 있습니다. */
    function turn() {
      const from = Float32Array.from(positions);
      const to = target();
      const began = performance.now();
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const step = () => {
        if (signal.aborted || to !== target()) return;
        const part = still ? 1 : Math.min(1, (performance.now() - began) / TURN);
        const eased = part * part * (3 - 2 * part);
        for (let i = 0; i < to.length; i++) positions[i] = from[i] + eased * (to[i] - from[i]);
        reach = extent();
        draw();
        if (part < 1) requestAnimationFrame(step);
        else canvas.dataset.map = mapName; // 다 옮겨 간 지도
      };
      step();
    }

    /**
     * 화면의 한 점을 제자리에 두고 키웁니다.
     * @param {number} factor
     * @param {number} x
     * @param {number} y
     */
    function zoomAt(factor, x, y) {
      const before = scale();
      view.zoom = Math.min(MOST, Math.max(LEAST, view.zoom * factor));
      const moved = 1 / before - 1 / scale();
      view.x += (x - width / 2) * moved;
      view.y -= (y - height / 2) * moved;
      keepInside();
    }

    /**
     * @param {number} x CSS 픽셀
     * @param {number} y
     */
    function pan(x, y) {
      view.x -= x / scale();
      view.y += y / scale();
      keepInside();
    }

    /** 지도를 화면 밖으로 잃어버리지 않게 합니다. */
    function keepInside() {
      view.x = Math.min(1, Math.max(-1, view.x));
      view.y = Math.min(1, Math.max(-1, view.y));
      saveView();
      redraw();
    }

    function somethingInSight() {
      for (let i = 0; i < count; i++) {
        const [x, y] = [screenX(i), screenY(i)];
        if (x >= 0 && y >= 0 && x <= width && y <= height) return true;
      }
      return false;
    }

    function fit() {
      Object.assign(view, { x: 0, y: 0, zoom: 1 });
      keepInside();
    }

    function saveView() {
      const away = view.x !== 0 || view.y !== 0 || view.zoom !== 1;
      const short = (/** @type {number} */ value) => (away ? Number(value.toFixed(3)) : null);
      state.save({ x: short(view.x), y: short(view.y), zoom: short(view.zoom) });
    }

    /**
     * 화면의 한 점에서 가장 가까운, 보이는 점. 없으면 -1입니다.
     * @param {number} x
     * @param {number} y
     * @param {number} reach CSS 픽셀
     */
    function nearestTo(x, y, reach) {
      let found = -1;
      let least = reach ** 2;
      for (let i = 0; i < count; i++) {
        const distance = (screenX(i) - x) ** 2 + (screenY(i) - y) ** 2;
        if (distance < least && visible(i)) [found, least] = [i, distance];
      }
      return found;
    }

    /** @param {number} index */
    function select(index) {
      selected = index;
      pointed = -1;
      state.save({ point: index < 0 ? null : index });
      describe();
      redraw();
      if (index >= 0) context.announce(`${picture.label}. ${kept.textContent}`);
    }

    /** 고른 점의 그림과 이름과 이웃을 지도 옆에 적습니다. */
    function describe() {
      const shown = pointed >= 0 ? pointed : selected;
      picture.element.dataset.index = String(shown);
      if (shown >= 0) {
        picture.label = `${shown}번 ${about.classes[about.labels[shown]]}`;
        picture.draw(images.pixels(shown));
        if (linked && codes) {
          const onMap = mapNeighbours(shown);
          const same = latentNeighbours(shown).filter((index) => onMap.includes(index)).length;
          kept.textContent =
            `잠재공간의 이웃 ${FOUND}장 가운데 이 지도에서도 이웃 ${FOUND}장에 드는 것은 ${same}장입니다. 선이 보이지 않으면 ＋로 키웁니다.`;
        } else {
          kept.textContent = "";
        }
      }
      picture.canvas.hidden = shown < 0;
      meaning.textContent =
        mapName === "pca"
          ? "PCA 지도의 두 축은 잠재 벡터가 가장 넓게 흩어진 두 방향입니다. 나머지 방향의 차이는 보이지 않습니다."
          : "t-SNE 지도는 가까운 이웃을 지키려는 배치입니다. 덩어리의 크기와 덩어리 사이의 거리에는 뜻이 없습니다.";
    }

    /** 잠재공간에서 가장 가까운 이웃. @param {number} index */
    function latentNeighbours(index) {
      return codes ? nearestRows(codes.values, codes.latentDim, index) : [];
    }

    /** 지도에서 가장 가까운 이웃. @param {number} index */
    function mapNeighbours(index) {
      return nearestRows(target(), 2, index);
    }

    /**
     * @param {Float32Array} rows
     * @param {number} size
     * @param {number} index
     */
    function nearestRows(rows, size, index) {
      const measured = neighbours.distances(rows, size, index, "euclidean");
      return neighbours.nearest(measured, FOUND, index);
    }

    /** 이웃을 이을 때만 잠재 벡터를 불러옵니다. */
    async function loadCodes() {
      if (linked && !codes) {
        kept.textContent = "잠재 벡터를 불러오는 중입니다…";
        try {
          codes = await context.data.codes(maps.latentDim);
          if (signal.aborted) return;
        } catch (error) {
          linked = link.checked = false;
          kept.textContent = error instanceof Error ? error.message : "";
          return;
        }
      }
      describe();
      redraw();
    }

    function listen() {
      let placed = false;
      const resized = new ResizeObserver(([{ contentRect }]) => {
        if (contentRect.width === 0) return;
        [width, height] = [contentRect.width, contentRect.height];
        // 주소가 빈 곳을 가리키면 전체를 보인다
        if (!placed && !somethingInSight()) Object.assign(view, { x: 0, y: 0, zoom: 1 });
        placed = true;
        draw();
      });
      resized.observe(canvas);
      const themed = new MutationObserver(redraw);
      themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
      signal.addEventListener("abort", () => {
        resized.disconnect();
        themed.disconnect();
      });

      /** 누르고 있는 손가락과 마우스. @type {Map<number, {x: number, y: number}>} */
      const pressed = new Map();
      let travelled = 0; // 누른 뒤 움직인 거리. 조금이면 끈 것이 아니라 누른 것입니다.
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId);
        pressed.set(event.pointerId, place(event));
        travelled = pressed.size > 1 ? Infinity : 0;
      });
      canvas.addEventListener("pointermove", (event) => {
        const now = place(event);
        const before = pressed.get(event.pointerId);
        if (!before) return point(now);
        pressed.set(event.pointerId, now);
        const [dx, dy] = [now.x - before.x, now.y - before.y];
        travelled += Math.abs(dx) + Math.abs(dy);
        if (pressed.size === 1) {
          if (travelled > 4) pan(dx, dy);
          return;
        }
        // 두 손가락: 다른 손가락에서 멀어진 만큼 키우고, 가운데가 움직인 만큼 옮깁니다.
        const other = [...pressed].find(([id]) => id !== event.pointerId)?.[1] ?? now;
        const apart = (/** @type {{x: number, y: number}} */ from) =>
          Math.max(1, Math.hypot(from.x - other.x, from.y - other.y));
        zoomAt(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
        pan(dx / 2, dy / 2);
      });
      canvas.addEventListener("pointerup", (event) => {
        if (pressed.delete(event.pointerId) && travelled <= 4) {
          const { x, y } = place(event);
          cursor = null;
          canvas.focus({ preventScroll: true }); // 이제 휠과 키보드가 지도를 움직입니다.
          select(nearestTo(x, y, REACH));
        }
      });
      canvas.addEventListener("pointercancel", (event) => pressed.delete(event.pointerId));
      canvas.addEventListener("pointerleave", () => point({ x: -Infinity, y: -Infinity }));

      canvas.addEventListener(
        "wheel",
        (event) => {
          // 누르지 않은 지도 위에서는 페이지가 그대로 넘어가야 합니다.
          if (document.activeElement !== canvas && !event.ctrlKey) return;
          event.preventDefault();
          const { x, y } = place(event);
          const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
          zoomAt(Math.exp(-event.deltaY * lines * 0.002), x, y);
        },
        { passive: false },
      );

      canvas.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const at = cursor ?? { x: width / 2, y: height / 2 };
        const step = event.shiftKey ? 60 : 15;
        const move = {
          ArrowLeft: [-step, 0],
          ArrowRight: [step, 0],
          ArrowUp: [0, -step],
          ArrowDown: [0, step],
        }[event.key];
        if (move) moveCursor(at.x + move[0], at.y + move[1]);
        else if (event.key === "+" || event.key === "=") zoomAt(1.3, at.x, at.y);
        else if (event.key === "-") zoomAt(1 / 1.3, at.x, at.y);
        else if (event.key === "0") fit();
        else if (event.key === "Escape") canvas.blur();
        else return;
        event.preventDefault();
      });
      canvas.addEventListener("blur", () => {
        cursor = null;
        redraw();
      });
    }

    /**
     * 십자를 옮기고, 가장자리에 닿으면 지도를 당깁니다.
     * @param {number} x
     * @param {number} y
     */
    function moveCursor(x, y) {
      const margin = 24;
      const [left, top] = [
        Math.min(width - margin, Math.max(margin, x)),
        Math.min(height - margin, Math.max(margin, y)),
      ];
      cursor = { x: left, y: top };
      pan(left - x, top - y);
      select(nearestTo(left, top, Infinity));
    }

    /** 포인터 아래의 점을 옆에 보입니다. @param {{x: number, y: number}} at */
    function point({ x, y }) {
      const found = nearestTo(x, y, REACH);
      if (found === pointed) return;
      pointed = found;
      describe();
      redraw();
    }

    /** @param {MouseEvent} event */
    function place(event) {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    }
  },
});
