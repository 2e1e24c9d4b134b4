"use strict";
// 쪽에 놓인 실험의 자리를 찾아, 화면에 들어올 때 필요한 것만 불러와 채웁니다.
{
  const { element } = aelab.ui;
  const SAVE_AFTER = 200; // 밀리초. 슬라이더를 끄는 동안 주소를 수백 번 바꾸지 않는다
  const ANNOUNCE_AFTER = 400;

  /** @type {Map<string, Lab.Panel>} */
  const panels = new Map();

  /**
   * 패널의 스크립트가 자기를 알리는 함수.
   * @param {Lab.Panel} panel
   */
  function panel(panel) {
    panels.set(panel.id, panel);
  }

  /**
   * 마지막으로 부른 것만, 잠시 조용해진 뒤에 실행합니다.
   * @template {unknown[]} Arguments
   * @param {(...values: Arguments) => void} run
   * @param {number} delay 밀리초
   */
  function debounced(run, delay) {
    let timer = 0;
    const cancel = () => clearTimeout(timer);
    /** @param {Arguments} values */
    const later = (...values) => {
      cancel();
      timer = setTimeout(run, delay, ...values);
    };
    return Object.assign(later, { cancel });
  }

  /** 뒤로 가기가 어지러워지지 않게 기록을 늘리지 않고 주소만 바꿉니다. @param {string} hash */
  function writeAddress(hash) {
    writeLater.cancel();
    history.replaceState(history.state, "", hash);
    tellAddress("written");
  }
  const writeLater = debounced(writeAddress, SAVE_AFTER);

  /** 주소를 다 적었는지는 쪽에 표시해 둡니다. @param {"waiting" | "written"} state */
  const tellAddress = (state) => (document.documentElement.dataset.labAddress = state);

  /** @param {string} hash */
  function saveAddress(hash) {
    tellAddress("waiting");
    writeLater(hash);
  }

  /** 실험 하나의 자리: 제목, 길잡이, 내용, 알림을 담는 상자. */
  class Place {
    /** @param {HTMLElement} section */
    constructor(section) {
      this.section = section;
      this.id = section.id;
      this.abort = new AbortController();
      this.running = 0; // run이 맡아 아직 끝나지 않은 일의 수
      this.state = this.stateAt(""); // 채울 때 주소에서 읽는다
      this.body = element("div", { class: "lab-body" });
      this.status = element("p", { class: "lab-status", role: "status" });
      const live = element("p", { class: "lab-hidden", "aria-live": "polite" });
      this.announce = debounced((/** @type {string} */ text) => {
        live.textContent = text;
      }, ANNOUNCE_AFTER);
      this.head = element("header", { class: "lab-head" });
      section.replaceChildren(this.head, this.status, this.body, live);
      this.say("waiting", "여기까지 내려오면 불러옵니다.");
    }

    /**
     * @param {"waiting" | "loading" | "ready" | "busy" | "error"} state
     * @param {string} text
     */
    say(state, text) {
      this.section.dataset.state = state;
      this.status.textContent = text;
    }

    /** @param {string} hash */
    stateAt(hash) {
      return new aelab.address.State(this.id, hash, saveAddress);
    }

    /** 지금의 상태를 적은 주소. 브라우저의 주소에는 다른 실험의 상태가 있을 수 있다. */
    get hash() {
      return aelab.address.format(this.id, this.state.values);
    }

    /**
     * 처음부터 다시 채웁니다.
     * @param {string} [hash] 상태를 읽을 주소
     */
    async fill(hash = location.hash) {
      this.abort.abort();
      this.abort = new AbortController();
      this.running = 0;
      this.state = this.stateAt(hash);
      const { signal } = this.abort;
      this.say("loading", "불러오는 중입니다…");
      try {
        const name = this.id.replace(/^lab-/, "");
        await aelab.data.loadScript(`panels/${name}.js`);
        const found = panels.get(name);
        if (!found) throw new Error(`panels/${name}.js에 실험이 없습니다.`);
        this.introduce(found);
        for (const path of found.scripts) await aelab.data.loadScript(path);
        const about = await aelab.data.about();
        if (signal.aborted) return;
        const body = element("div", { class: "lab-body" });
        this.body.replaceWith(body);
        this.body = body;
        await found.mount(body, {
          state: this.state,
          announce: this.announce,
          run: (work, told) => this.run(work, signal, told),
          signal,
          about,
          latentDims: about.latentDims,
          data: aelab.data,
        });
        if (signal.aborted) return;
        if (this.running === 0) this.say("ready", "");
        performance.mark(`${this.id}:ready`); // 처음 그릴 때까지의 시간을 재는 곳
      } catch (error) {
        if (!signal.aborted) this.fail(error);
      }
    }

    /**
     * 다 그린 뒤에 더 불러오거나 오래 그리는 일. 기다리는 것과 실패한 것을 패널에 알립니다.
     * @param {() => Promise<void>} work
     * @param {AbortSignal} signal
     * @param {string} [told] 기다리는 동안 알릴 말
     */
    async run(work, signal, told = "불러오는 중입니다…") {
      if (signal.aborted) return;
      this.running += 1;
      this.say("busy", told);
      try {
        await work();
      } catch (error) {
        if (!signal.aborted) this.fail(error);
      }
      if (signal.aborted) return; // 다시 채운 패널의 일이 아니다
      this.running -= 1;
      // 여럿이 겹치면 마지막 것이 끝나야 끝난 것이고, 그사이의 오류는 지우지 않는다
      if (this.running === 0 && this.section.dataset.state === "busy") this.say("ready", "");
    }

    /** @param {unknown} error */
    fail(error) {
      // 뜻밖의 오류는 콘솔에 남기고, 읽는 이에게는 할 일을 알린다
      const message = error instanceof Error ? error.message : "";
      const known = /[가-힣]/.test(message);
      if (!known) console.error(error);
      this.say("error", known ? message : "실험을 보여 주지 못했습니다. 페이지를 새로 고쳐 주세요.");
      this.status.append(" ", aelab.ui.button("다시 시도", () => this.fill(this.hash)).element);
    }

    /** @param {Lab.Panel} panel */
    introduce({ title, hint }) {
      const copy = aelab.ui.button("이 설정의 주소 복사", async () => {
        const address = new URL(location.href);
        address.hash = this.hash;
        try {
          await navigator.clipboard.writeText(address.href);
          const { outside } = this.state;
          const told = outside && ` ${outside}은 주소에 담기지 않습니다.`;
          this.announce(`주소를 복사했습니다.${told}`);
          copy.element.textContent = `복사했습니다.${told}`;
        } catch {
          // 파일로 연 쪽에서는 클립보드를 막는 브라우저가 있다
          writeAddress(address.hash);
          copy.element.textContent = "주소창의 주소를 복사하세요.";
        }
        setTimeout(() => (copy.element.textContent = "이 설정의 주소 복사"), 3000);
      });
      this.head.replaceChildren(
        element("p", { class: "lab-title", text: `실험 · ${title}` }),
        copy.element,
        element("p", { class: "lab-hint", text: hint }),
      );
    }
  }

  /** @param {Place} place */
  const addressed = (place) => aelab.address.parse(location.hash).id === place.id;

  function start() {
    const sections = /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll("section.lab-panel")
    );
    const places = new Map([...sections].map((section) => [section, new Place(section)]));
    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        watcher.unobserve(target);
        places.get(/** @type {HTMLElement} */ (target))?.fill();
      }
    });
    for (const section of sections) watcher.observe(section);

    // 물음표가 붙은 주소로는 브라우저가 자리를 찾지 못하므로 직접 옮겨 간다
    const goTo = () => {
      const place = [...places.values()].find(addressed);
      place?.section.scrollIntoView();
      return place;
    };
    goTo();
    window.addEventListener("hashchange", () => {
      writeLater.cancel(); // 늦게 적으면 읽는 이가 따라간 주소를 덮어쓴다
      tellAddress("written");
      const place = goTo();
      if (place && place.section.dataset.state !== "waiting") place.fill();
    });
  }

  globalThis.aelab = { ...globalThis.aelab, panel };
  start(); // defer로 실리므로 쪽은 이미 다 읽혔다
}
