// 테마와 확장이 영어로 박아 둔 말을 우리말로 바꿉니다. 번역 파일로 바꿀 수 있는 말은 _locale에 있습니다.
const KOREAN_LABELS = {
  "Toggle primary sidebar": "차례 여닫기",
  "Toggle secondary sidebar": "이 장의 내용 여닫기",
  "Toggle hidden content": "접힌 내용 여닫기",
  Main: "책의 차례",
  Page: "이 장의 내용",
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
});
