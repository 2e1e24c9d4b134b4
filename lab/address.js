"use strict";
// 주소의 # 뒤에 적는 상태: #lab-reconstruction?size=128&image=3
{
  /**
   * @param {string} hash "#lab-이름?열쇠=값&…"
   * @returns {{id: string, values: Map<string, string>}}
   */
  function parse(hash) {
    const [id, query = ""] = hash.replace(/^#/, "").split("?", 2);
    return { id, values: new Map(new URLSearchParams(query)) };
  }

  /**
   * @param {string} id
   * @param {Map<string, string>} values
   */
  function format(id, values) {
    const query = new URLSearchParams([...values]).toString();
    return query ? `#${id}?${query}` : `#${id}`;
  }

  /** 패널 하나의 상태: 처음에는 주소에서 읽고, 바뀌면 주소에 적습니다. */
  class State {
    /**
     * @param {string} id 패널의 id
     * @param {string} hash 지금의 주소
     * @param {(hash: string) => void} write 주소를 바꾸는 함수
     */
    constructor(id, hash, write) {
      this.id = id;
      this.write = write;
      const parsed = parse(hash);
      this.values = parsed.id === id ? parsed.values : new Map();
      /** 화면에는 있으나 주소에는 담기지 않는 것의 이름. 없으면 빈 글입니다. */
      this.outside = "";
    }

    /**
     * 범위 안의 수. 없거나 수가 아니면 `fallback`입니다.
     * `step`이 있으면 슬라이더처럼 `min`에서 걸음을 세어 가장 가까운 값으로 옮깁니다.
     * @param {string} name
     * @param {number} fallback
     * @param {{min: number, max: number, step?: number}} range
     */
    number(name, fallback, { min, max, step }) {
      const text = this.values.get(name) ?? "";
      const value = Number(text);
      if (!text.trim() || !Number.isFinite(value)) return fallback;
      const inside = Math.min(max, Math.max(min, value));
      if (step === undefined) return inside;
      const most = Math.floor((max - min) / step + 1e-9);
      const steps = Math.min(most, Math.round((inside - min) / step));
      return Number((min + steps * step).toFixed(10)); // 0.1을 세 번 더한 0.30000000000000004를 0.3으로
    }

    /**
     * @param {string} name
     * @param {string[]} options
     * @param {string} fallback
     */
    choice(name, options, fallback) {
      const value = this.values.get(name);
      return value !== undefined && options.includes(value) ? value : fallback;
    }

    /**
     * @param {string} name
     * @param {string} fallback
     */
    text(name, fallback) {
      return this.values.get(name) ?? fallback;
    }

    /**
     * 앞의 상태에 더해 적습니다. null은 지웁니다.
     * @param {Record<string, string | number | null>} changes
     */
    save(changes) {
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) this.values.delete(name);
        else this.values.set(name, String(value));
      }
      this.write(format(this.id, this.values));
    }
  }

  const address = { parse, format, State };
  globalThis.aelab = { ...globalThis.aelab, address };
  if (typeof module !== "undefined") module.exports = address;
}
