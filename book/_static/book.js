// 테마와 확장이 영어로 박아 둔 말을 우리말로 바꿉니다. 번역 파일로 바꿀 수 있는 말은 _locale에 있습니다.
const KOREAN_LABELS = {
  "Toggle primary sidebar": "차례 여닫기",
  "Toggle secondary sidebar": "이 장의 내용 여닫기",
  Main: "책의 차례",
  Page: "이 장의 내용",
  "전체 화면으로보기": "전체 화면으로 보기",
};
if (typeof messages !== "undefined") {
  Object.assign(messages.en, {
    copy: "복사",
    copy_to_clipboard: "클립보드로 복사",
    copy_success: "복사했습니다",
    copy_failure: "복사하지 못했습니다",
  });
}
document.addEventListener("DOMContentLoaded", () => {
  for (const name of ["title", "aria-label", "data-bs-original-title"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      const korean = KOREAN_LABELS[element.getAttribute(name)];
      if (korean) element.setAttribute(name, korean);
    }
  }
  // 보이는 글이 이름인 단추에 다른 이름을 겹쳐 붙이면 화면을 듣는 이에게 보이는 글이 들리지 않습니다.
  for (const element of document.querySelectorAll(".bd-article summary, .search-button-field")) {
    element.removeAttribute("aria-label");
  }
  // 밝기 단추의 이름은 단추에 있습니다. 안의 세 그림은 하나만 보이므로 이름을 떼어 냅니다.
  for (const icon of document.querySelectorAll(".theme-switch")) {
    icon.setAttribute("aria-hidden", "true");
    icon.removeAttribute("title");
    icon.querySelector("title")?.remove();
  }
  // 책의 이름이 글로 곁에 있으므로 그림은 꾸밈입니다.
  for (const logo of document.querySelectorAll(".navbar-brand img")) logo.alt = "";
  // 참고 문헌의 목록: 없어진 역할이 목록의 짜임을 깹니다.
  for (const element of document.querySelectorAll(".citation-list, .citation")) {
    element.removeAttribute("role");
  }
  // 차례 위의 책 이름은 첫 쪽으로 가는 길입니다.
  const home = document.querySelector(".bd-sidebar-primary .navbar-brand")?.parentElement;
  home?.setAttribute("role", "navigation");
  home?.setAttribute("aria-label", "책의 첫 쪽");
  // 테마는 누른 단추의 초점을 지웁니다. 글쇠로 눌렀을 때는 남겨 두어야 이어서 누를 수 있습니다.
  for (const button of document.querySelectorAll("button.btn")) {
    button.blur = () => {
      if (!button.matches(":focus-visible")) HTMLElement.prototype.blur.call(button);
    };
  }
  // 줄보다 긴 줄 안 수식은 제 줄로 내리고, 상자보다 넓은 수식은 글쇠로도 옮겨 볼 수 있게 합니다.
  // 넓은 표와 코드는 테마가 합니다. 접힌 것은 펼쳐야 너비가 생깁니다.
  const reachWideMath = () => {
    for (const math of document.querySelectorAll("span.math")) {
      math.classList.remove("wide");
      const line = math.closest("p, li, td, dd, figcaption, summary")?.clientWidth;
      math.classList.toggle("wide", math.firstElementChild?.offsetWidth > line);
    }
    for (const math of document.querySelectorAll("div.math mjx-container, span.math.wide")) {
      if (math.scrollWidth > math.clientWidth) math.tabIndex = 0;
      else math.removeAttribute("tabindex");
    }
  };
  window.MathJax?.startup?.promise?.then(reachWideMath);
  window.addEventListener("resize", reachWideMath);
  document.addEventListener("toggle", reachWideMath, true);
});
