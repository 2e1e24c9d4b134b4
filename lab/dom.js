"use strict";
// 패널이 함께 쓰는 화면의 조각: 슬라이더, 고르개, 픽셀 그림, 이미지 고르기, 내 사진.
{
  const { SIDE, PLANE, IMAGE, toByte, fromByte } = aelab.codec;
  const USUAL_SIZE = "128"; // 주소에 없을 때의 잠재 차원
  const STRIP_ROWS = 2; // 이미지 고르기의 줄(lab.css의 .lab-strip)
  const DIFFERENCE_GAIN = 4; // 차이는 작으므로 밝혀서 보여 준다
  const SLICE = 8; // 밀리초. 한 프레임(16밀리초)의 절반만 써야 화면이 멈추지 않는다

  let named = 0;
  /** 서로 다른 id를 만듭니다. */
  const newId = () => `lab-part-${++named}`;

  /**
   * 요소를 만듭니다. class와 text 말고, on으로 시작하면 함수를, 나머지는 속성을 답니다.
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {Record<string, any>} [attributes]
   * @param {...(Node | string)} children
   * @returns {HTMLElementTagNameMap[Tag]}
   */
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") made.className = value;
      else if (name === "text") made.textContent = value;
      else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (typeof value === "boolean") made.toggleAttribute(name, value);
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  /**
   * 소수점 아래 자릿수를 맞춘 글. 빼기표는 글자 −로 적습니다.
   * @param {number} value
   * @param {number} digits
   */
  function number(value, digits) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "—" : value > 0 ? "∞" : "−∞";
    const text = value.toFixed(digits);
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
  }

  /**
   * 유효 숫자 세 자리의 글. 아주 작은 오차도 0으로 보이지 않습니다.
   * @param {number} value 0 이상
   */
  function significant(value) {
    const rounded = Number(value.toPrecision(3));
    return rounded === 0 ? "0" : number(rounded, Math.max(0, 2 - Math.floor(Math.log10(rounded))));
  }

  /**
   * 이름과 값이 보이는 슬라이더.
   * @param {{label: string, min: number, max: number, step: number, value: number,
   *   format?: (value: number) => string, onInput: (value: number) => void}} options
   */
  function slider({ label, min, max, step, value, format = String, onInput }) {
    const id = newId();
    const input = element("input", { type: "range", id, min, max, step });
    const output = element("output", { for: id });
    const show = () => {
      output.textContent = format(input.valueAsNumber);
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.value = String(value);
    show();
    input.addEventListener("input", () => {
      show();
      onInput(input.valueAsNumber);
    });
    return {
      element: element(
        "div",
        { class: "lab-slider" },
        element("label", { for: id, text: label }),
        output,
        input,
      ),
      input,
      get value() {
        return input.valueAsNumber;
      },
      set value(next) {
        input.value = String(next);
        show();
      },
    };
  }

  /**
   * 몇 가지 가운데 하나를 고르는 줄.
   * @param {{label: string, options: {value: string, label: string}[], value: string,
   *   onChange: (value: string) => void}} options
   */
  function choice({ label, options, value, onChange }) {
    const name = newId();
    /** @type {Map<string, HTMLInputElement>} */
    const inputs = new Map();
    const items = options.map((option) => {
      const input = element("input", { type: "radio", name, value: option.value });
      input.addEventListener("change", () => onChange(option.value));
      inputs.set(option.value, input);
      return element("label", {}, input, element("span", { text: option.label }));
    });
    /** @param {string} next */
    const check = (next) => {
      const input = inputs.get(next);
      if (input) input.checked = true;
    };
    check(value);
    return {
      element: element(
        "fieldset",
        { class: "lab-choice" },
        element("legend", { text: label }),
        element("div", {}, ...items),
      ),
      get value() {
        return [...inputs].find(([, input]) => input.checked)?.[0] ?? value;
      },
      set value(next) {
        check(next);
      },
    };
  }

  /**
   * 잠재 차원을 고르는 줄. 고르면 주소에 적고, 그 차원의 것을 불러와 건넵니다.
   * @template T
   * @param {{context: Lab.Context, load: (latentDim: number) => Promise<T>,
   *   onChange: (loaded: T) => void | Promise<void>}} options
   */
  function sizeChoice({ context: { state, latentDims, run, signal }, load, onChange }) {
    const sizes = latentDims.map(String);
    let shown = state.choice("size", sizes, sizes.includes(USUAL_SIZE) ? USUAL_SIZE : sizes[0]);
    /** @param {string} value */
    async function change(value) {
      const stale = () => signal.aborted || made.value !== value; // 그사이 다른 것을 골랐다
      try {
        const loaded = await load(Number(value));
        if (stale()) return;
        shown = value;
        state.save({ size: value });
        await onChange(loaded);
      } catch (error) {
        if (stale()) return;
        made.value = shown; // 그림은 아직 앞의 차원의 것이다
        throw error;
      }
    }
    const made = choice({
      label: "잠재 차원",
      options: sizes.map((value) => ({ value, label: value })),
      value: shown,
      onChange: (value) => run(() => change(value)),
    });
    return {
      element: made.element,
      get size() {
        return Number(shown);
      },
    };
  }

  /**
   * @param {string} label
   * @param {() => void} onClick
   */
  function button(label, onClick) {
    const made = element("button", { type: "button", class: "lab-button", text: label });
    made.addEventListener("click", onClick);
    return {
      element: made,
      get disabled() {
        return made.disabled;
      },
      set disabled(next) {
        made.disabled = next;
      },
    };
  }

  /** @param {{label: string, checked: boolean, onChange: (checked: boolean) => void}} options */
  function toggle({ label, checked, onChange }) {
    const input = element("input", { type: "checkbox" });
    input.checked = checked;
    input.addEventListener("change", () => onChange(input.checked));
    return {
      element: element("label", { class: "lab-toggle" }, input, element("span", { text: label })),
      get checked() {
        return input.checked;
      },
      set checked(next) {
        input.checked = next;
      },
    };
  }

  /**
   * 픽셀마다 색을 적어 두고 한 번에 그리는 화폭. 그린 것을 캔버스에서 되읽지 않습니다:
   * 되읽기를 막거나 값을 흩뜨리는 브라우저가 있습니다.
   * @param {{label: string, width: number, height: number}} options
   */
  function pixelCanvas({ label, width, height }) {
    const canvas = element("canvas", {
      class: "lab-canvas",
      width,
      height,
      role: "img",
      "aria-label": label,
    });
    const image = new ImageData(width, height);
    image.data.fill(255);
    return {
      canvas,
      /**
       * @param {number} x
       * @param {number} y
       * @param {number[]} color 0부터 255까지의 빨강, 초록, 파랑
       */
      put(x, y, [red, green, blue]) {
        const at = 4 * (y * width + x);
        image.data[at] = red; // Uint8ClampedArray가 반올림하고 0과 255 사이로 자른다
        image.data[at + 1] = green;
        image.data[at + 2] = blue;
      },
      paint() {
        canvas.getContext("2d")?.putImageData(image, 0, 0);
      },
    };
  }

  /**
   * 설명이 달린 그림 한 장.
   * @param {{label: string, size?: number, scale?: number}} options
   *   size는 픽셀로 센 한 변, scale은 화면에서의 한 변(CSS 픽셀)
   */
  function picture({ label, size = SIDE, scale }) {
    const canvas = pixelCanvas({ label, width: size, height: size });
    const caption = element("figcaption", { text: label });
    const figure = element("figure", { class: "lab-figure" }, canvas.canvas, caption);
    if (scale) figure.style.setProperty("--lab-side", `${scale}px`);
    /** @param {(channel: number, at: number) => number} value */
    const paint = (value) => {
      for (let i = 0; i < size * size; i++) {
        canvas.put(i % size, Math.floor(i / size), [value(0, i), value(1, i), value(2, i)]);
      }
      canvas.paint();
    };
    return {
      element: figure,
      canvas: canvas.canvas,
      get label() {
        return caption.textContent ?? "";
      },
      set label(text) {
        caption.textContent = text;
        canvas.canvas.setAttribute("aria-label", text);
      },
      /** @param {Float32Array} pixels (3, size, size), [-1, 1] */
      draw(pixels) {
        paint((channel, at) => toByte(pixels[channel * size * size + at]));
      },
      /**
       * 두 그림의 차이의 크기. 검은 곳은 같습니다.
       * @param {Float32Array} a
       * @param {Float32Array} b
       * @param {number} [gain] 밝히는 배수
       */
      drawDifference(a, b, gain = DIFFERENCE_GAIN) {
        paint((channel, at) => {
          const i = channel * size * size + at;
          return Math.abs(a[i] - b[i]) * 127.5 * gain;
        });
      },
      /**
       * 값 하나짜리 그림.
       * @param {ArrayLike<number>} values (size, size)
       * @param {(value: number) => number[]} [color] 값 → 0부터 255까지의 색
       */
      drawPlane(values, color = (value) => [toByte(value), toByte(value), toByte(value)]) {
        for (let i = 0; i < size * size; i++) {
          canvas.put(i % size, Math.floor(i / size), color(values[i]));
        }
        canvas.paint();
      },
    };
  }

  /**
   * 단추에 넣는 작은 그림. 이름은 단추가 말합니다.
   * @param {Lab.Images} images
   */
  function thumbnail(images) {
    const made = pixelCanvas({ label: "", width: SIDE, height: SIDE });
    made.canvas.setAttribute("aria-hidden", "true");
    return {
      canvas: made.canvas,
      /** @param {number} index */
      show(index) {
        images.paint(index, made);
        made.paint();
      },
    };
  }

  /**
   * 작은 그림의 띠에서 하나를 고릅니다. 화살표 키로 옮겨 다닐 수 있습니다.
   * @param {{label: string, images: Lab.Images, count: number, names?: (index: number) => string,
   *   value: number, onPick: (index: number) => void}} options
   *   value가 음수이면 아무것도 고르지 않은 것입니다.
   */
  function imagePicker({ label, images, count, names = (i) => `${i}번`, value, onPick }) {
    const strip = element("div", { class: "lab-strip", role: "radiogroup", "aria-label": label });
    const items = Array.from({ length: count }, (_, index) => {
      const small = thumbnail(images);
      small.show(index);
      const item = element(
        "button",
        { type: "button", role: "radio", title: names(index) },
        small.canvas,
      );
      item.setAttribute("aria-label", names(index));
      item.addEventListener("click", () => pick(index));
      return item;
    });
    strip.append(...items);

    let chosen = value;
    const mark = () => {
      items.forEach((item, index) => {
        item.setAttribute("aria-checked", String(index === chosen));
        // Tab 키로는 고른 것 하나에만 들어온다
        item.tabIndex = index === Math.max(0, chosen) ? 0 : -1;
      });
    };
    /** @param {number} index */
    function pick(index) {
      chosen = index;
      mark();
      items[index].focus();
      onPick(index);
    }
    strip.addEventListener("keydown", (event) => {
      const right = STRIP_ROWS; // 번호는 위에서 아래로 먼저 간다
      const step = { ArrowRight: right, ArrowDown: 1, ArrowLeft: -right, ArrowUp: -1 }[event.key];
      const jump = { Home: 0, End: count - 1 }[event.key];
      if (step === undefined && jump === undefined) return;
      event.preventDefault();
      pick(jump ?? (Math.max(0, chosen) + (step ?? 0) + count) % count);
    });
    mark();
    return {
      element: element(
        "div",
        { class: "lab-picker" },
        element("p", { class: "lab-label", text: label, "aria-hidden": "true" }),
        strip,
      ),
      get value() {
        return chosen;
      },
      set value(next) {
        chosen = next;
        mark();
      },
    };
  }

  /**
   * 내 사진을 고르거나 끌어다 놓습니다. 사진은 이 컴퓨터 밖으로 나가지 않습니다.
   * @param {{onPhoto: (pixels: Float32Array) => void, target?: HTMLElement}} options
   *   target은 끌어다 놓을 수 있는 곳. 없으면 단추의 둘레입니다.
   */
  function photoButton({ onPhoto, target }) {
    const input = element("input", { type: "file", accept: "image/*", class: "lab-hidden" });
    const note = element("span", { class: "lab-note", role: "status" });
    /** @param {File | undefined} file */
    const take = async (file) => {
      if (!file) return;
      try {
        const pixels = await readPhoto(file);
        note.textContent = "";
        onPhoto(pixels);
      } catch (error) {
        note.textContent = error instanceof PhotoError ? error.message : "사진을 읽지 못했습니다.";
      }
    };
    input.addEventListener("change", () => {
      take(input.files?.[0]);
      input.value = ""; // 같은 사진을 다시 고를 수 있게
    });
    const label = element(
      "label",
      { class: "lab-photo" },
      input,
      element("span", { class: "lab-button", text: "내 사진 고르기(끌어다 놓아도 됩니다)" }),
    );
    const area = element("div", {}, label, note);
    const place = target ?? area;
    place.addEventListener("dragover", (event) => event.preventDefault());
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      take(event.dataTransfer?.files[0]);
    });
    return { element: area };
  }

  class PhotoError extends Error {}

  /**
   * 사진의 가운데 정사각형을 32×32로 줄입니다.
   * @param {Blob} file
   * @returns {Promise<Float32Array>} (3, 32, 32), [-1, 1]
   */
  async function readPhoto(file) {
    const photo = await createImageBitmap(file).catch(() => {
      throw new PhotoError("이미지 파일이 아닙니다. PNG나 JPEG 사진을 골라 주세요.");
    });
    const fine = 8 * SIDE; // 먼저 8배로 그린 뒤 8×8칸씩 평균해야 무늬가 어긋나지 않는다
    const canvas = new OffscreenCanvas(fine, fine);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new PhotoError("이 브라우저에서는 사진을 읽을 수 없습니다.");
    // 사진의 픽셀을 되읽지 못하게 값을 흩뜨리는 브라우저인지, 아는 색으로 먼저 확인한다
    context.fillStyle = "rgb(40, 80, 120)";
    context.fillRect(0, 0, 1, 1);
    if (context.getImageData(0, 0, 1, 1).data.join() !== "40,80,120,255") {
      throw new PhotoError("브라우저의 개인 정보 보호 설정이 사진의 픽셀을 읽지 못하게 막았습니다.");
    }
    const side = Math.min(photo.width, photo.height);
    const left = (photo.width - side) / 2, top = (photo.height - side) / 2;
    context.fillStyle = "white"; // 투명한 곳은 흰 종이로 본다
    context.fillRect(0, 0, fine, fine);
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, left, top, side, side, 0, 0, fine, fine);
    const colors = context.getImageData(0, 0, fine, fine).data;
    const pixels = new Float32Array(IMAGE);
    for (let y = 0; y < fine; y++) {
      for (let x = 0; x < fine; x++) {
        for (let channel = 0; channel < 3; channel++) {
          const at = channel * PLANE + (y >> 3) * SIDE + (x >> 3);
          pixels[at] += colors[4 * (y * fine + x) + channel] / 64;
        }
      }
    }
    return pixels.map(fromByte);
  }

  /** 나란히 놓고, 좁으면 다음 줄로 넘깁니다. @param {...Node} children */
  const row = (...children) => element("div", { class: "lab-row" }, ...children);

  /** 넓은 화면에서만 나란히 놓습니다. @param {...Node} children */
  const columns = (...children) => element("div", { class: "lab-columns" }, ...children);

  /**
   * 작은 표. 첫 칸은 줄의 이름이고, `numbers`번째 칸부터는 수입니다.
   * @param {{head: string[], rows: string[][], caption: string, numbers: number}} options
   */
  function table({ head, rows, caption, numbers }) {
    const body = element("tbody");
    /** @param {number} column */
    const kind = (column) => (column >= numbers ? "lab-number" : "");
    /** @param {string[][]} next */
    const fill = (next) => {
      body.replaceChildren(
        ...next.map(([name, ...cells]) =>
          element(
            "tr",
            {},
            element("th", { scope: "row", text: name }),
            ...cells.map((text, i) => element("td", { text, class: kind(i + 1) })),
          ),
        ),
      );
      rows = next;
    };
    fill(rows);
    return {
      element: element(
        "table",
        { class: "lab-table" },
        element("caption", { text: caption }),
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...head.map((text, i) => element("th", { scope: "col", text, class: kind(i) })),
          ),
        ),
        body,
      ),
      get rows() {
        return rows;
      },
      set rows(next) {
        fill(next);
      },
    };
  }

  /**
   * 여러 번 불러도 한 프레임에 한 번만 그립니다.
   * @param {() => void} draw
   */
  function perFrame(draw) {
    let waiting = false;
    return () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw();
      });
    };
  }

  /**
   * 긴 일을 프레임마다 조금씩 나누어 하는 함수를 만듭니다. 새로 부르면 앞의 것은 조용히 그만둡니다.
   * @param {AbortSignal} signal 끊기면 모두 그만둡니다.
   * @returns {(count: number, work: (index: number) => void) => Promise<void>}
   */
  function inFrames(signal) {
    let latest = 0;
    return (count, work) =>
      new Promise((resolve, reject) => {
        const turn = ++latest;
        let index = 0;
        const goesOn = () => index < count && turn === latest && !signal.aborted;
        const slice = () => {
          try {
            const end = performance.now() + SLICE;
            while (goesOn() && performance.now() < end) work(index++);
          } catch (error) {
            return reject(error);
          }
          if (goesOn()) requestAnimationFrame(slice);
          else resolve();
        };
        slice();
      });
  }

  const ui = {
    element,
    number,
    significant,
    slider,
    choice,
    sizeChoice,
    button,
    toggle,
    pixelCanvas,
    picture,
    thumbnail,
    imagePicker,
    photoButton,
    row,
    columns,
    table,
    perFrame,
    inFrames,
  };
  globalThis.aelab = { ...globalThis.aelab, ui };
  if (typeof module !== "undefined") module.exports = ui;
}
