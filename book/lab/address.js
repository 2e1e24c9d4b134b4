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
    }

    /**
     * 범위 안의 수. 없거나 수가 아니면 `fallback`입니다.
     * @param {string} name
     * @param {number} fallback
     * @param {{min: number, max: number}} range
     */
    number(name, fallback, { min, max }) {
      const text = this.values.get(name) ?? "";
      const value = Number(text);
      return text.trim() && Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : fallback;
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
