"use strict";
// 자료 파일: 쓸 때 <script>로 불러오면 파일이 스스로 내용을 건넵니다.
// fetch를 쓰지 않으므로 더블 클릭으로 연 쪽(file://)에서도 같은 길로 읽습니다.
{
  const { SIDE, PLANE, IMAGE } = aelab.codec;
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const base = new URL(".", script.src);
  const version = new URL(script.src).search; // 쪽과 자료의 판이 어긋나지 않게 같은 표를 붙인다

  /** 파일이 건넨 글 @type {Map<string, string>} */
  const delivered = new Map();

  /**
   * 자료 파일이 부르는 함수.
   * @param {string} name
   * @param {string} text zlib로 압축한 것을 base64로 적은 글
   */
  function put(name, text) {
    delivered.set(name, text);
  }

  /**
   * 한 번만 만들고, 실패하면 다음에 다시 해 보도록 잊습니다.
   * @template T
   * @param {(...keys: any[]) => Promise<T>} make
   * @returns {(...keys: (string | number)[]) => Promise<T>}
   */
  function remembered(make) {
    /** @type {Map<string, Promise<T>>} */
    const made = new Map();
    return (...keys) => {
      const key = keys.join();
      const promise = made.get(key) ?? make(...keys);
      made.set(key, promise);
      promise.catch(() => made.delete(key));
      return promise;
    };
  }

  /**
   * @param {string} path 이 파일의 곁에서 본 주소
   * @returns {Promise<void>}
   */
  function insertScript(path) {
    return new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = new URL(path + version, base).href;
      element.onload = () => resolve();
      element.onerror = () =>
        reject(new Error(`${path}을(를) 불러오지 못했습니다. 연결을 확인하고 다시 시도해 주세요.`));
      document.head.append(element);
    });
  }

  /** 계산이나 실험의 스크립트를 한 번만 싣습니다. */
  const loadScript = remembered(insertScript);

  /** @param {string} name */
  const broken = (name) =>
    new Error(`자료 파일 ${name}.js가 손상되었습니다. 다시 시도해도 같으면 책을 새로 짓습니다.`);

  /**
   * 자료 파일 하나의 내용. 손상된 것은 다시 부를 때 새로 읽습니다.
   * @param {string} name
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async function bytes(name) {
    await insertScript(`data/${name}.js`);
    const text = delivered.get(name);
    delivered.delete(name); // 글은 풀고 나면 버린다
    try {
      if (text === undefined) throw broken(name);
      return await aelab.codec.inflate(aelab.codec.fromBase64(text));
    } catch {
      throw broken(name);
    }
  }

  /**
   * @param {string} name
   * @param {number} count 기대하는 수의 개수
   */
  async function halves(name, count) {
    const values = aelab.codec.halvesToFloats(await bytes(name));
    if (values.length !== count) throw broken(name);
    return values;
  }

  /**
   * @param {string} name
   * @param {number} count
   */
  async function floats(name, count) {
    const raw = await bytes(name);
    if (raw.length !== 4 * count) throw broken(name);
    return new Float32Array(raw.buffer);
  }

  /** @type {() => Promise<Lab.About>} */
  const about = remembered(async () => {
    const raw = await bytes("about");
    try {
      return JSON.parse(new TextDecoder().decode(raw));
    } catch {
      throw broken("about");
    }
  });

  const model = remembered(async (/** @type {number} */ latentDim) => {
    const name = `weights_${latentDim}`;
    const [{ channels }, raw] = await Promise.all([about(), bytes(name)]);
    try {
      const parameters = aelab.codec.halvesToFloats(raw);
      return new aelab.engine.Autoencoder(latentDim, channels[latentDim], parameters);
    } catch {
      throw broken(name);
    }
  });

  /** 시험 이미지의 앞부분. */
  class Images {
    /** @param {Uint8Array} stored 이미지마다 채널의 차례로 IMAGE바이트 */
    constructor(stored) {
      this.bytes = stored;
      this.count = stored.length / IMAGE;
    }

    /** @param {number} index */
    stored(index) {
      return this.bytes.subarray(index * IMAGE, (index + 1) * IMAGE);
    }

    /** @param {number} index */
    pixels(index) {
      return Float32Array.from(this.stored(index), aelab.codec.fromByte);
    }

    /**
     * 한 장을 화폭에 칠합니다. 보이게 하는 것은 화폭의 paint()입니다.
     * @param {number} index
     * @param {{put: (x: number, y: number, color: number[]) => void}} canvas
     * @param {number} [left] 화폭에서의 자리
     * @param {number} [top]
     */
    paint(index, canvas, left = 0, top = 0) {
      const bytes = this.stored(index);
      for (let i = 0; i < PLANE; i++) {
        const color = [bytes[i], bytes[i + PLANE], bytes[i + 2 * PLANE]];
        canvas.put(left + (i % SIDE), top + Math.floor(i / SIDE), color);
      }
    }
  }

  const firstImages = remembered(async () => {
    const [{ firstCount }, raw] = await Promise.all([about(), bytes("images_first")]);
    if (raw.length !== firstCount * IMAGE) throw broken("images_first");
    return new Images(aelab.codec.decodeImages(raw));
  });

  const allImages = remembered(async () => {
    const [first, { imageCount }, raw] = await Promise.all([
      firstImages(),
      about(),
      bytes("images_rest"),
    ]);
    if (first.bytes.length + raw.length !== imageCount * IMAGE) throw broken("images_rest");
    const joined = new Uint8Array(imageCount * IMAGE);
    joined.set(first.bytes);
    joined.set(aelab.codec.decodeImages(raw), first.bytes.length);
    return new Images(joined);
  });

  /**
   * 앞에서부터 적어도 `count`장. 처음 몇십 장은 작은 파일 하나로 옵니다.
   * @param {number} count
   */
  async function images(count) {
    return count <= (await about()).firstCount ? firstImages() : allImages();
  }

  const DIRECTIONS = 8;

  /** 잠재 벡터가 가장 많이 흩어진 방향 여덟 */
  const directions = remembered(async (/** @type {number} */ latentDim) => {
    const count = latentDim + DIRECTIONS + DIRECTIONS * latentDim;
    const values = await floats(`directions_${latentDim}`, count);
    const from = latentDim + DIRECTIONS;
    return {
      mean: values.subarray(0, latentDim),
      scales: values.subarray(latentDim, from),
      directions: Array.from({ length: DIRECTIONS }, (_, i) =>
        values.subarray(from + i * latentDim, from + (i + 1) * latentDim),
      ),
    };
  });

  /** 잠재 벡터에 맞춘 정규분포: code = mean + factor · noise */
  const gaussian = remembered(async (/** @type {number} */ latentDim) => {
    const values = await halves(`gaussian_${latentDim}`, latentDim * (latentDim + 1));
    return { mean: values.subarray(0, latentDim), factor: values.subarray(latentDim) };
  });

  /** 모든 이미지의 잠재 벡터 */
  const codes = remembered(async (/** @type {number} */ latentDim) => {
    const { imageCount } = await about();
    const values = await halves(`codes_${latentDim}`, imageCount * latentDim);
    return { count: imageCount, latentDim, values };
  });

  /** 잠재 벡터를 평면에 펼친 지도 둘 */
  const map = remembered(async () => {
    const { imageCount, mapLatentDim } = await about();
    const values = await floats("map", 4 * imageCount);
    return {
      latentDim: mapLatentDim,
      count: imageCount,
      pca: values.subarray(0, 2 * imageCount),
      tsne: values.subarray(2 * imageCount),
    };
  });

  const data = { put, loadScript, about, model, images, directions, gaussian, codes, map, Images };
  globalThis.aelab = { ...globalThis.aelab, data };
  if (typeof module !== "undefined") module.exports = data;
}
